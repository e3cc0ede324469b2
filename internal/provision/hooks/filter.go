package hooks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Lambda's limits on a mapping's filters (Lambda guide, Lambda quotas; Lambda API,
// Filter). The default quota of an account is five.
const (
	MaxFilters   = 10
	maxFilterLen = 4096 // characters
)

// CheckFilter reports a fault in a filter pattern or policy. Both are objects whose
// leaves are lists of matching values (EventBridge user guide, Event pattern syntax;
// SNS developer guide, Subscription filter policies).
func CheckFilter(pattern string) error {
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
	return nil
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
