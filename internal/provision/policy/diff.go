package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Diff returns the rights that document adds to old, and the rights that it removes: an
// action and a resource each, like
//
//	Allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:orders
//
// in order of the text. Sids, order and the grouping into statements do not matter.
func Diff(old, document Document) (added, removed []string) {
	had, has := old.rules(), document.rules()
	return missing(has, had), missing(had, has)
}

// Equal reports whether two documents allow and deny the same.
func Equal(a, b Document) bool {
	added, removed := Diff(a, b)
	return len(added)+len(removed) == 0
}

// missing returns the values of the keys that other lacks.
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

// rules splits the statements into a text for each principal, action and resource. The
// key of a text is the part that decides equality. Actions ignore case (IAM user guide,
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

// unique returns values sorted and without duplicates.
func unique(values Strings) Strings {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
