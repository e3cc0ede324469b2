package doctor

import (
	"reflect"
	"slices"
	"strings"

	"fanout/internal/provision/policy"
)

// missing returns the rights that no document gives, an action and a resource each.
// Rights with conditions count as not given, because conditions are not evaluated.
// Denials in needs are skipped, because AWS's own policies have none.
func missing(needs policy.Document, has map[string]policy.Document) []string {
	var lacks []string
	for _, s := range needs.Statement {
		if s.Effect != "Allow" {
			continue
		}
		for _, action := range s.Action {
			for _, on := range s.Resource {
				if !granted(action, on, s.Condition, has) {
					lacks = append(lacks, action+" on "+on)
				}
			}
		}
	}
	return lacks
}

func granted(action, on string, condition map[string]policy.Condition, has map[string]policy.Document) bool {
	for _, d := range has {
		for _, s := range d.Statement {
			if s.Effect == "Allow" && (len(s.Condition) == 0 || reflect.DeepEqual(s.Condition, condition)) &&
				slices.ContainsFunc(s.Action, func(a string) bool { return matches(strings.ToLower(a), strings.ToLower(action)) }) &&
				slices.ContainsFunc(s.Resource, func(r string) bool { return matches(r, on) }) {
				return true
			}
		}
	}
	return false
}

// matches reports whether a pattern of a policy, where * is any text and ? any
// character, covers text (IAM user guide, IAM JSON policy elements: Resource).
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	for i, part := range parts {
		at := -1
		switch {
		case last == 0:
			return equalPattern(part, text)
		case i == 0:
			if prefixed(part, text) {
				at = 0
			}
		case i == last:
			return len(text) >= len(part) && equalPattern(part, text[len(text)-len(part):])
		default:
			for j := range len(text) - len(part) + 1 {
				if prefixed(part, text[j:]) {
					at = j
					break
				}
			}
		}
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

func prefixed(part, text string) bool {
	return len(text) >= len(part) && equalPattern(part, text[:len(part)])
}

// equalPattern compares two texts of equal length; ? in the first matches any character.
func equalPattern(part, text string) bool {
	if len(part) != len(text) {
		return false
	}
	for i := range len(part) {
		if part[i] != '?' && part[i] != text[i] {
			return false
		}
	}
	return true
}
