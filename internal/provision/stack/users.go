package stack

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/pages"
)

// tableVariables are the function's variables with tables.
var tableVariables = []string{"FANOUT_TABLE", "FANOUT_LEDGER_TABLE"}

// otherUser returns why a resource must not be deleted with a function: one of these
// variables of another function of the region has its name or ARN, or may have it. It
// returns "" if there is none.
func (s *Stack) otherUser(ctx context.Context, function string, item *Item, variables ...string) (why string, err error) {
	for page, err := range pages.Of(ctx, lambda.NewListFunctionsPaginator(s.Lambda, &lambda.ListFunctionsInput{})) {
		if err != nil {
			return "", err
		}
		for i := range page.Functions {
			f := &page.Functions[i]
			other := aws.ToString(f.FunctionName)
			if other == function {
				continue
			}
			// Lambda hides variables if the caller may not use their key.
			if f.Environment != nil && f.Environment.Error != nil && f.Runtime == types.RuntimeProvidedal2023 && aws.ToString(f.Handler) == handler {
				return fmt.Sprintf("the function %s may use it; its variables cannot be read", other), nil
			}
			has := environment(f)
			if slices.ContainsFunc(variables, func(v string) bool { return has[v] == item.Name || has[v] == item.ARN }) {
				return fmt.Sprintf("the function %s uses it", other), nil
			}
		}
	}
	return "", nil
}
