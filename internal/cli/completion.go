package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
)

// shells are the shells with completion.
var shells = []struct {
	name  string
	write func(root *cobra.Command, w io.Writer) error
}{
	{"bash", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
	{"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
}

func newCompletion() *cobra.Command {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "completion " + strings.Join(names, "|"),
		Short: "Print a completion script for a shell",
		Long: `Completion prints a script that lets a shell complete the commands, flags and values
of fanout. Install it once, and start a new shell.

bash, which needs the package bash-completion:
  fanout completion bash > ~/.local/share/bash-completion/completions/fanout

zsh, with a folder in $fpath, and "autoload -U compinit; compinit" in ~/.zshrc:
  fanout completion zsh > "${fpath[1]}/_fanout"

fish:
  fanout completion fish > ~/.config/fish/completions/fanout.fish

PowerShell:
  fanout completion powershell >> $PROFILE`,
		Example: `  source <(fanout completion bash)
  source <(fanout completion zsh)
  fanout completion fish | source
  fanout completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("completion needs the name of a shell: " + ui.Either(names))
			}
			if slices.Contains(names, args[0]) {
				return nil
			}
			return fmt.Errorf("there is no completion for %q; the shell must be %s%s", args[0], ui.Either(names), ui.DidYouMean("", args[0], names))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s := shells[slices.Index(names, args[0])]
			return ui.Failed(s.write(cmd.Root(), cmd.OutOrStdout()))
		},
	}
}

// setCompletion makes the shell propose files only for flags that take one. Their usage
// names the value FILE.
func setCompletion(root *cobra.Command) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	for _, cmd := range commands(root) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if _, known := cmd.GetFlagCompletionFunc(f.Name); known || f.Annotations[cobra.BashCompFilenameExt] != nil {
				return
			}
			if value, _ := pflag.UnquoteUsage(f); value == "FILE" {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
			}
		})
	}
}
