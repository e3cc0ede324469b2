package stack

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/pages"
)

// otherUser returns why a table must not be deleted with a function: another function
// of the region uses it by name or ARN, or may use it. It returns "" if there is none.
func (s *Stack) otherUser(ctx context.Context, function, name, tableARN string) (why string, err error) {
	for page, err := range pages.Of(ctx, lambda.NewListFunctionsPaginator(s.Lambda, &lambda.ListFunctionsInput{})) {
		if err != nil {
			return "", fmt.Errorf("the functions that may use the table %q cannot be listed; add --keep-table to keep it: %w", name, err)
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
			for _, variable := range []string{"FANOUT_TABLE", "FANOUT_LEDGER_TABLE"} {
				if has[variable] == name || has[variable] == tableARN {
					return fmt.Sprintf("the function %s uses it", other), nil
				}
			}
		}
	}
	return "", nil
}
