package manage

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Connection returns the flags on the command line that select the AWS endpoint, region
// and identity. Other commands about the same function need them too.
func (m *Command) Connection(cmd *cobra.Command) []string {
	var flags []string
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		switch {
		case !f.Changed || f.Name == "debug":
		case f.Value.Type() == "bool":
			flags = append(flags, "--"+f.Name)
		default:
			flags = append(flags, "--"+f.Name, f.Value.String())
		}
	})
	return flags
}
