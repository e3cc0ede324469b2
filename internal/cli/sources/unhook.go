package sources

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
)

// NewUnhook returns the command `fanout unhook`.
func NewUnhook(c *factory.Factory) *cobra.Command {
	m := sourceCommand{manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use:   "unhook",
		Short: "Disconnect a source from the function",
		Long: `Unhook deletes the event source mapping of a stream, or the subscription to a topic.
This loses the position of the mapping in the stream; to continue later, use fanout pause
instead. The function's settings for failed messages stay, because other topics
share them.`,
		Example: "  fanout unhook --function fanout --source-type kinesis --source inputStream",
		Args:    ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.SourceFlags(cmd)
	m.TableFlags()
	m.OutputFlag(cmd)
	m.IAMFlag()
	m.DryRunFlag()
	m.Work(cmd, m.NeedSource, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.SourceRef(ctx, a)
		if err != nil {
			return err
		}
		h := m.hooks(a, source)
		if err := h.Unhook(ctx, source); err != nil {
			return err
		}
		if m.DryRun {
			m.Leaving = source // it is still hooked
		}
		needed, err := m.SyncPolicy(ctx, cmd, a)
		return errors.Join(m.report(ctx, cmd, h, source, cloud.Removed, needed), err)
	})
	return cmd
}
