package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"fanout/internal/provision/cloud"
)

func newUnhook(c *common) *cobra.Command {
	m := sourceCommand{manage{common: c}}
	cmd := &cobra.Command{
		Use:   "unhook",
		Short: "Disconnect a source from the function",
		Long: `Unhook deletes the event source mapping of a stream, or the subscription to a topic.
This loses the position of the mapping in the stream; to continue later, use fanout pause
instead. The function's settings for failed messages stay, because other topics
share them.`,
		Example: "  fanout unhook --function fanout --source-type kinesis --source inputStream",
		Args:    flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	m.iamFlag()
	m.work(cmd, m.needSource, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		h := m.hooks(a, source)
		if err := h.Unhook(ctx, source); err != nil {
			return err
		}
		needed, err := m.syncPolicy(ctx, cmd, a)
		return errors.Join(m.report(ctx, cmd, h, source, cloud.Removed, needed), err)
	})
	return cmd
}
