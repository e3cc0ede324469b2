package awsfake

import (
	"cmp"
	"regexp"
	"strings"
)

// Conditions of writes consist of these terms, joined with OR.
var (
	notExists = regexp.MustCompile(`^attribute_not_exists\(\s*([#\w]+)\s*\)$`)
	atMost    = regexp.MustCompile(`^([#\w]+)\s*<=\s*(:\w+)$`)
	noPrefix  = regexp.MustCompile(`^NOT begins_with\(\s*([#\w]+)\s*,\s*(:\w+)\s*\)$`)
)

// holds reports whether the condition of a request holds for an item; nil: there is none.
// Values are compared as strings.
func (in *itemRequest) holds(item Item) (holds bool, bad *failure) {
	if in.ConditionExpression == "" {
		return true, nil
	}
	for term := range strings.SplitSeq(in.ConditionExpression, " OR ") {
		is, known := in.term(strings.TrimSpace(term), item)
		if !known {
			return false, refusal("ValidationException", "Invalid ConditionExpression: this term is not understood here")
		}
		holds = holds || is
	}
	return holds, nil
}

// term evaluates a term of a condition.
func (in *itemRequest) term(term string, item Item) (holds, known bool) {
	if m := notExists.FindStringSubmatch(term); m != nil {
		return item[in.attribute(m[1])] == nil, true
	}
	if m := atMost.FindStringSubmatch(term); m != nil {
		has, is := item[in.attribute(m[1])]["S"].(string)
		most, given := in.ExpressionAttributeValues[m[2]]["S"].(string)
		return is && has <= most, given
	}
	if m := noPrefix.FindStringSubmatch(term); m != nil {
		has, _ := item[in.attribute(m[1])]["S"].(string)
		prefix, given := in.ExpressionAttributeValues[m[2]]["S"].(string)
		return !strings.HasPrefix(has, prefix), given
	}
	return false, false
}

// attribute returns the name of an attribute in an expression.
func (in *itemRequest) attribute(name string) string {
	return cmp.Or(in.ExpressionAttributeNames[name], name)
}
