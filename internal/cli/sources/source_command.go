package sources

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/policy"
)

// sourceCommand is a command about a source of the function.
type sourceCommand struct{ manage.Command }

// hooks returns the hooks of the function, in the source's region: a topic may be in
// another.
func (m *sourceCommand) hooks(a *cloud.Account, source string) *hooks.Hooks {
	h := hooks.Of(a, m.FunctionRef())
	h.DryRun = m.DryRun
	h.SNS = a.In(factory.RegionOf(source)).SNS()
	return h
}

// report updates the function to match its mappings. It prints the outcome, and the
// policy that the role needs, if one is given.
func (m *sourceCommand) report(ctx context.Context, cmd *cobra.Command, h *hooks.Hooks, source string, did cloud.Outcome, needed *policy.Document) error {
	if err := m.showHook(cmd.OutOrStdout(), source, m.Foresee(did), needed, h.Changed...); err != nil {
		return err
	}
	reported, value, others, err := h.Report(ctx)
	if err != nil {
		return err
	}
	if reported == cloud.Updated {
		would := ""
		if m.Foresee(reported) != reported {
			would = "would be "
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "variable %s: %s%t\n", hooks.Variable, would, value)
	}
	for _, other := range others {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the mapping of %s does not have ReportBatchItemFailures, so Lambda sends whole batches again; run fanout hook --source-arn %s%s\n", other, other, pollers(other))
	}
	return nil
}

// pollers returns the flag that a mapping needs to report failed items.
func pollers(source string) string {
	if awsname.IsKafka(source) {
		return " --minimum-pollers 1"
	}
	return ""
}

// showHook prints the outcome for the hook of a source, unless did is "", and the
// policy that the role needs, unless needed is nil.
func (m *sourceCommand) showHook(w io.Writer, source string, did cloud.Outcome, needed *policy.Document, changed ...cloud.Change) error {
	if m.Output != "table" {
		return ui.Show(w, m.Output, struct {
			Source   string           `json:"source"`
			Function string           `json:"function"`
			Outcome  cloud.Outcome    `json:"outcome,omitempty"`
			Changes  []cloud.Change   `json:"changes,omitempty"`
			Policy   *policy.Document `json:"policy,omitempty"`
		}{source, m.FunctionName(), did, changed, needed}, nil)
	}
	if did != "" {
		if _, err := fmt.Fprintf(w, "hook of %s to %s: %s\n", source, m.FunctionName(), did); err != nil {
			return err
		}
	}
	for _, c := range changed {
		if _, err := fmt.Fprintf(w, "    %s: %s → %s\n", c.Name, ui.Printable(c.Before), ui.Printable(c.After)); err != nil {
			return err
		}
	}
	if needed == nil {
		return nil
	}
	return ui.ShowJSON(w, needed)
}
