package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"fanout/internal/awserr"
)

// PolicyReader reads the policy of a function.
type PolicyReader interface {
	GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error)
}

// Caller is a source that the function's policy allows to call it.
type Caller struct {
	Statement string // its id
	Source    string // ARN, or a pattern
}

// Callers returns the sources that a function's policy allows to call it. A function
// without a policy has none.
func Callers(ctx context.Context, client PolicyReader, function string) ([]Caller, error) {
	out, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &function})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the resource policy of the function %q cannot be looked up: %w", function, err)
	}
	callers, err := callersIn(aws.ToString(out.Policy))
	if err != nil {
		return nil, fmt.Errorf("the resource policy of the function %q cannot be read: %w", function, err)
	}
	return callers, nil
}

// callersIn reads the key aws:SourceArn of a policy, and ignores everything else.
//
// Errors: a policy that is not JSON.
func callersIn(policy string) ([]Caller, error) {
	var document struct {
		Statement []struct {
			Sid, Effect string
			Condition   map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return nil, fmt.Errorf("it is not valid JSON: %w", err)
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
