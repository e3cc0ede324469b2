package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/manage"
)

// answers are the words that a boolean flag takes as its value, in any case. Some are
// not booleans, so that the error names the flag.
var answers = []string{"true", "false", "", "1", "0", "yes", "no", "on", "off"}

// joinBooleans makes --active true one argument, --active=true. The boolean flags of
// aws-lambda-fanout took a separate value, and pflag's take none. An attribute of a
// target takes any word, so that the error for --active maybe names the flag.
func joinBooleans(root *cobra.Command, args []string) []string {
	booleans, attributes := make(map[string]bool), make(map[string]bool)
	for _, u := range manage.AttributeUsages {
		attributes[u.Flag] = true
	}
	for _, cmd := range commands(root) {
		add := func(f *pflag.Flag) { booleans[f.Name] = booleans[f.Name] || f.Value.Type() == "bool" }
		cmd.PersistentFlags().VisitAll(add)
		cmd.Flags().VisitAll(add)
	}
	var types []string // a type of target may follow any flag
	if register, _, err := root.Find([]string{"register"}); err == nil {
		types = register.ValidArgs
	}
	args = slices.Clone(args)
	for i := 0; i+1 < len(args); i++ {
		name, long := strings.CutPrefix(args[i], "--")
		if !long || !booleans[name] {
			continue
		}
		next := args[i+1]
		switch lower := strings.ToLower(next); {
		case slices.Contains(answers, lower):
			next = lower
		case !attributes[name] || strings.HasPrefix(next, "-") || slices.Contains(types, next):
			continue
		}
		args[i] += "=" + next
		args = slices.Delete(args, i+1, i+2)
	}
	return args
}

// commands returns cmd and all its subcommands.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, commands(c)...)
	}
	return all
}
