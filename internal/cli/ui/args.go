package ui

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"fanout/engine/plain"
)

// FlagsOnly refuses arguments. For a file it names the flag that takes one.
func FlagsOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
		for _, name := range []string{"targets", "file", "event"} { // the last that is there
			if cmd.Flags().Lookup(name) != nil {
				hint = fmt.Sprintf("; did you mean --%s %s?", name, plain.Line(args[0]))
			}
		}
	}
	return fmt.Errorf("unexpected argument %q; %s takes only flags%s", args[0], cmd.CommandPath(), hint)
}
