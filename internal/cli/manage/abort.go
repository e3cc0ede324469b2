package manage

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"fanout/internal/cli/ui"
)

// readers are the managing commands that change nothing.
var readers = []string{"list", "export", "policy", "template", "doctor", "lint", "status", "ui"}

// untilAborted runs a managing command. The first interrupt ends its calls and prints
// the consequences. The second one ends the process.
func (m *Command) untilAborted(cmd *cobra.Command, do func(ctx context.Context) error) error {
	ctx, release := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer release()
	defer context.AfterFunc(ctx, release)()
	cmd.SetContext(ctx)
	err := do(ctx)
	switch {
	case err == nil || ctx.Err() == nil || errors.Is(err, ui.ErrDeclined):
		return err
	case m.DryRun || slices.Contains(readers, cmd.Name()):
		return errors.New("interrupted")
	}
	return errors.New("interrupted: all reported steps are done, and some others may be done too; run the same command again to complete it")
}
