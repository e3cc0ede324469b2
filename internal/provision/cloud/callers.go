package cloud

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Caller is a source that the function's policy allows to call it.
type Caller struct {
	Statement string // its id
	Source    string // ARN, or a pattern
}

// Callers returns the sources that a function's policy allows to call it, from the key
// aws:SourceArn. It ignores everything else in the policy.
//
// Errors: a policy that is not JSON.
func Callers(policy string) ([]Caller, error) {
	var document struct {
		Statement []struct {
			Sid, Effect string
			Condition   map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	var all []Caller
	for _, s := range document.Statement {
		for _, keys := range s.Condition {
			for key, value := range keys {
				// Keys ignore case (IAM user guide, Condition).
				if source, ok := value.(string); ok && s.Effect != "Deny" && strings.EqualFold(key, "aws:SourceArn") {
					all = append(all, Caller{s.Sid, source})
				}
			}
		}
	}
	return all, nil
}
