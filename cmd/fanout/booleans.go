package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// answers are what is taken for the value of a boolean flag, in any case: those that
// are none too, so that what is wrong is said of the flag.
var answers = []string{"true", "false", "", "1", "0", "yes", "no", "on", "off"}

// joinBooleans makes --active true one argument, --active=true. The flags of
// aws-lambda-fanout took their values so, and those of pflag take none.
func joinBooleans(root *cobra.Command, args []string) []string {
	booleans := make(map[string]bool)
	for _, cmd := range commands(root) {
		add := func(f *pflag.Flag) { booleans[f.Name] = booleans[f.Name] || f.Value.Type() == "bool" }
		cmd.PersistentFlags().VisitAll(add)
		cmd.Flags().VisitAll(add)
	}
	args = slices.Clone(args)
	for i := 0; i+1 < len(args); i++ {
		name, long := strings.CutPrefix(args[i], "--")
		if next := strings.ToLower(args[i+1]); long && booleans[name] && slices.Contains(answers, next) {
			args[i] += "=" + next
			args = slices.Delete(args, i+1, i+2)
		}
	}
	return args
}

// commands returns cmd and all below it.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, commands(c)...)
	}
	return all
}
