package cloud

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Caller is a thing that the policy of a function lets call it.
type Caller struct {
	Statement string // its id
	Source    string // ARN, or a pattern
}

// Callers returns the things that a function's policy names as those that may call
// it, by the key aws:SourceArn. What else the policy says, and it may say anything, is
// of no interest.
//
// Errors: a policy that is no JSON.
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
				// Keys are compared whatever their case (IAM user guide, Condition).
				if source, ok := value.(string); ok && s.Effect != "Deny" && strings.EqualFold(key, "aws:SourceArn") {
					all = append(all, Caller{s.Sid, source})
				}
			}
		}
	}
	return all, nil
}
