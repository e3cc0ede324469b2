package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Diff says what a document would allow or deny that old does not, and the other
// way round, an action and a resource each, like
//
//	Allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:orders
//
// in order of the text. How documents group that into statements, their Sids and
// their order count for nothing.
func Diff(old, document Document) (added, removed []string) {
	had, has := old.rules(), document.rules()
	return missing(has, had), missing(had, has)
}

// Equal reports whether two documents allow and deny the same.
func Equal(a, b Document) bool {
	added, removed := Diff(a, b)
	return len(added)+len(removed) == 0
}

// missing returns the values of those keys that other does not have.
func missing(rules, other map[string]string) []string {
	var texts []string
	for key, text := range rules {
		if _, ok := other[key]; !ok {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return texts
}

// rules takes the statements apart: a text for each principal, action and resource,
// by what makes them the same. Actions are so whatever their case (IAM user guide,
// Action).
func (d Document) rules() map[string]string {
	all := make(map[string]string)
	for _, s := range d.Statement {
		end := s.conditions()
		for _, p := range s.principals() {
			for _, action := range s.Action {
				for _, on := range s.resources() {
					key := s.Effect + p + " " + strings.ToLower(action) + on + end
					all[key] = s.Effect + p + " " + action + on + end
				}
			}
		}
	}
	return all
}

func (s *Statement) principals() []string {
	if len(s.Principal) == 0 {
		return []string{""}
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(s.Principal)) {
		for _, p := range s.Principal[kind] {
			all = append(all, " "+kind+" "+p+":")
		}
	}
	return all
}

func (s *Statement) resources() []string {
	if len(s.Resource) == 0 {
		return []string{""}
	}
	var all []string
	for _, r := range s.Resource {
		all = append(all, " on "+r)
	}
	return all
}

// conditions returns the conditions in JSON, which sorts by key.
func (s *Statement) conditions() string {
	if len(s.Condition) == 0 {
		return ""
	}
	sorted := make(map[string]Condition, len(s.Condition))
	for operator, keys := range s.Condition {
		sorted[operator] = make(Condition, len(keys))
		for key, values := range keys {
			sorted[operator][key] = unique(values)
		}
	}
	text, err := json.Marshal(sorted)
	if err != nil {
		return "" // strings cannot fail
	}
	return " if " + string(text)
}

// unique returns values sorted and each once.
func unique(values Strings) Strings {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
