package manage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
)

// missingTable returns the error for a missing target table. If the function is missing
// too, that is the cause, and the error names the function.
func (m *Command) missingTable(ctx context.Context, a *cloud.Account, table string) error {
	if m.NoFunction {
		return m.MissingFunction(ctx, a, &cloud.NoFunction{Name: m.FunctionName(), Else: fmt.Sprintf("name a table with --table, because the table %q does not exist either", table)})
	}
	return fmt.Errorf("the target table %q does not exist in %s; run fanout deploy, or name another table with --table", table, m.where(a))
}

// withHint adds the remedy to an error about a missing function.
func (m *Command) withHint(ctx context.Context, a *cloud.Account, err error) error {
	if missing, ok := errors.AsType[*cloud.NoFunction](err); ok {
		return m.MissingFunction(ctx, a, missing)
	}
	return err
}

// MissingFunction returns the error for a missing function, with the name that the user
// probably meant.
func (m *Command) MissingFunction(ctx context.Context, a *cloud.Account, e *cloud.NoFunction) error {
	if hint := ui.DidYouMean("--function ", cloud.Name(e.Name), FunctionNamesIn(ctx, a)); hint != "" {
		return fmt.Errorf("%w in %s%s", e, m.where(a), hint)
	}
	ways := []string{"check --function and --region", "run fanout deploy"}
	if e.Else != "" {
		ways = append(ways, e.Else)
	}
	last := len(ways) - 1
	return fmt.Errorf("%w in %s; %s, or %s", e, m.where(a), strings.Join(ways[:last], ", "), ways[last])
}

// where names the region of a, and the caller's own region if an ARN named another.
func (m *Command) where(a *cloud.Account) string {
	if m.Environment == "" || m.Environment == a.Region() {
		return a.Region()
	}
	return fmt.Sprintf("%s, the region of the ARN (your region is %s)", a.Region(), m.Environment)
}
