package hooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
	"fanout/lambda/target"
)

// Lambda's limits on a mapping's filters (Lambda guide, Lambda quotas; Lambda API,
// Filter). The default quota of an account is five.
const (
	MaxFilters   = 10
	maxFilterLen = 4096 // characters
)

// CheckFilter reports a fault in a filter pattern or policy. Both are objects whose
// leaves are lists of matching values (EventBridge user guide, Event pattern syntax;
// SNS developer guide, Subscription filter policies). service is that of the source.
func CheckFilter(pattern, service string) error {
	var v map[string]any
	if json.Unmarshal([]byte(pattern), &v) != nil || v == nil {
		return fmt.Errorf("--filter is %.60q; it must be a JSON object, such as {\"data\": {\"status\": [\"paid\"]}}", pattern)
	}
	if utf8.RuneCountInString(pattern) > maxFilterLen {
		return fmt.Errorf("--filter has more than %d characters: %.60q", maxFilterLen, pattern)
	}
	if at := badLeaf(v, ""); at != "" {
		return fmt.Errorf("--filter is %.60q; the value of %q must be a list of matching values, such as [\"paid\"], or an object of such lists", pattern, at)
	}
	if service == "sns" {
		return checkPolicy(v)
	}
	if len(v) == 0 {
		return nil
	}
	if err := target.CheckPattern(pattern, service); err != nil {
		return fmt.Errorf("--filter: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// checkPolicy refuses an event pattern as the filter policy of a subscription, because a
// policy names the attributes of messages.
func checkPolicy(policy map[string]any) error {
	if _, pattern := policy["Sns"].(map[string]any); pattern {
		return errors.New(`--filter is an event pattern, but a subscription takes a filter policy of message attributes, such as {"team": ["network"]}; to filter by the pattern, give it to the targets with fanout update --filter`)
	}
	return nil
}

// FilterLimits says what Lambda's filter of a source cannot do with patterns, in sentences.
func FilterLimits(source string, patterns []string) (limits []string) {
	service := sourceService(source)
	known := []string{"data", "dynamodb", "eventName"}
	if awsname.IsKafka(source) { // Lambda guide, Filtering events from Amazon MSK and self-managed Apache Kafka event sources
		known = []string{"value"}
	}
	names, operators := make(map[string]bool), make(map[string]bool)
	for _, pattern := range patterns {
		var v map[string]any
		if json.Unmarshal([]byte(pattern), &v) != nil {
			continue
		}
		topNames(v, names)
		unlisted(v, operators)
	}
	if service == "kinesis" && names["data"] {
		aggregates := ", and aggregates of the Kinesis Producer Library"
		if strings.Contains(source, "/consumer/") { // Lambda guide, Filtering Kinesis aggregated records
			aggregates = ""
		}
		limits = append(limits, fmt.Sprintf("Lambda's filter drops the records of %s whose data is not JSON%s; the attribute filter of a target (fanout update --filter) takes the same pattern and counts what it filters", source, aggregates))
	}
	for _, name := range known {
		delete(names, name)
	}
	if len(names) > 0 {
		limits = append(limits, fmt.Sprintf("the Lambda guide does not list %s as a field that its filter looks at, so check that records still arrive", strings.Join(slices.Sorted(maps.Keys(names)), ", ")))
	}
	if len(operators) > 0 {
		limits = append(limits, fmt.Sprintf("the Lambda guide does not list %s as an operator of its filter, so Lambda may refuse the pattern; the attribute filter of a target has it", strings.Join(slices.Sorted(maps.Keys(operators)), ", ")))
	}
	return limits
}

// sourceService returns the service in the ARN of a source.
func sourceService(source string) string {
	a, _ := arn.Parse(source) // checked before
	return a.Service
}

// topNames adds the names of the event that a pattern looks at.
func topNames(pattern map[string]any, names map[string]bool) {
	for name, v := range pattern {
		if branches, ok := v.([]any); ok && name == "$or" {
			for _, b := range branches {
				if branch, ok := b.(map[string]any); ok {
					topNames(branch, names)
				}
			}
			continue
		}
		name, _, _ = strings.Cut(name, ".")
		names[name] = true
	}
}

// unlisted adds the operators in a pattern that the Lambda guide does not list (Filter rule
// syntax).
func unlisted(v any, operators map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			unlisted(member, operators)
		}
	case []any:
		for _, e := range v {
			object, _ := e.(map[string]any)
			for name, inner := range object {
				unlistedOperator(name, inner, operators)
			}
		}
	}
}

// unlistedOperator adds an operator, or what is in a branch of $or.
func unlistedOperator(name string, v any, operators map[string]bool) {
	switch name {
	case "wildcard", "cidr", "exactly":
		operators[name] = true
	case "prefix", "suffix", "anything-but":
		inside, _ := v.(map[string]any)
		for operator := range inside {
			operators[operator+" in "+name] = true
		}
	default:
		unlisted(v, operators)
	}
}

// badLeaf returns the path of the first value, by name, that is neither an object nor a
// nonempty list, "" if there is none.
func badLeaf(object map[string]any, path string) string {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := path + name
		switch v := object[name].(type) {
		case map[string]any:
			if bad := badLeaf(v, at+"."); bad != "" {
				return bad
			}
		case []any:
			if len(v) == 0 {
				return at
			}
		default:
			return at
		}
	}
	return ""
}
