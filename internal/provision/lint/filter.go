package lint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fanout/sinks"
)

// unmatched returns the reason why no record can match the filter of a target, or "". It
// knows the records of DynamoDB streams: their images say the type of each value, and numbers
// in them are text (DynamoDB API, AttributeValue).
func unmatched(s *sinks.Spec) string {
	var v map[string]any
	if !s.FromTable() || s.Filter == "" || json.Unmarshal([]byte(s.Filter), &v) != nil {
		return ""
	}
	images := map[string]func(any, string) string{}
	if !s.ConvertDDB {
		for _, name := range []string{"NewImage", "OldImage", "Keys"} {
			images[name] = item
		}
	}
	return members(v, "", func(name string) func(any, string) string {
		switch name {
		case "eventName":
			return eventName
		case "dynamodb":
			return func(v any, at string) string {
				return members(v, at, func(name string) func(any, string) string { return images[name] })
			}
		}
		return nil
	})
}

// members returns the first reason why a member of an object never matches: all must.
func members(v any, at string, of func(name string) func(any, string) string) string {
	object, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		why := ""
		if name == "$or" {
			why = either(object[name], below(at, name), of)
		} else if check := of(name); check != nil {
			why = check(object[name], below(at, name))
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// below returns the place of a member of the object at a place.
func below(at, name string) string { return strings.TrimPrefix(at+"."+name, ".") }

// either returns the reason of the first alternative if none can match.
func either(v any, at string, of func(name string) func(any, string) string) (first string) {
	list, _ := v.([]any)
	for i := range list {
		why := members(list[i], fmt.Sprintf("%s[%d]", at, i), of)
		if why == "" {
			return ""
		}
		if first == "" {
			first = why
		}
	}
	return first
}

// eventName checks the names of changes.
func eventName(v any, at string) string {
	names := []string{"INSERT", "MODIFY", "REMOVE"}
	list, _ := v.([]any)
	for _, one := range list {
		if name, ok := one.(string); !ok || slices.Contains(names, name) {
			return ""
		}
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of a DynamoDB stream is %s", at, strings.Join(names, ", "))
}

// item checks the attributes of an image. The value of each is an object with its type.
func item(v any, at string) string {
	return members(v, at, func(string) func(any, string) string { return typed })
}

// typed checks a value with its type, such as {"N": "5"}.
func typed(v any, at string) string {
	if list, ok := v.([]any); ok {
		if absent(list) {
			return ""
		}
		return fmt.Sprintf("%s is an object with the type of the value, such as {\"S\": …}; add convertDDB, or the type", at)
	}
	return members(v, at, func(name string) func(any, string) string {
		switch name {
		case "N", "NS", "S", "SS", "B", "BS":
			return text
		case "M":
			return item
		case "L":
			return typed
		}
		return nil
	})
}

// text checks the pattern for a value that is text.
func text(v any, at string) string {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return ""
	}
	for _, one := range list {
		if _, number := one.(float64); number {
			continue
		}
		if operator, _ := one.(map[string]any); len(operator) != 1 || operator["numeric"] == nil {
			return ""
		}
	}
	return fmt.Sprintf("%s is text in the stream's records, and a number never matches text; add convertDDB, and leave out the type", at)
}

// absent reports whether one of the alternatives matches a value that is not there.
func absent(list []any) bool {
	return slices.ContainsFunc(list, func(one any) bool {
		operator, _ := one.(map[string]any)
		return operator["exists"] == false
	})
}
