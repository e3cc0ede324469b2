package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
)

// setHelp fits the help of root and all its subcommands to the width of the output.
func setHelp(root *cobra.Command) {
	root.PersistentFlags().BoolP("help", "h", false, "show this help")
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		w := cmd.OutOrStdout()
		fmt.Fprint(w, helpText(cmd, ui.TextWidth(w)))
	})
}

// helpText is the help of a command, in lines of at most width characters. Examples are
// never broken, so that users can copy them.
func helpText(cmd *cobra.Command, width int) string {
	var b strings.Builder
	b.WriteString(ui.Reflow(cmd.Long, width))
	b.WriteString("\nUsage:\n")
	b.WriteString(usageLines(cmd, width))
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	for _, g := range cmd.Groups() {
		writeCommands(&b, g, cmd.Commands(), width)
	}
	writeOptions(&b, "Flags:", options(ownFlags(cmd)), width)
	writeOptions(&b, "Global Flags:", options(cmd.Root().PersistentFlags()), width)
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n" + ui.Reflow(fmt.Sprintf("Use \"%s <command> --help\" for more information about a command.", cmd.CommandPath()), width))
	}
	return b.String()
}

// usageLines is the usage of a command. Text in parentheses is broken only if it is too
// long for a line.
func usageLines(cmd *cobra.Command, width int) string {
	var parts []string // words and texts in parentheses
	depth := 0
	for _, word := range strings.Fields(cmd.UseLine()) {
		if depth > 0 {
			parts[len(parts)-1] += " " + word
		} else {
			parts = append(parts, word)
		}
		depth += strings.Count(word, "(") - strings.Count(word, ")")
	}
	var words []string
	for _, part := range parts {
		if utf8.RuneCountInString(part) > width-6 {
			words = append(words, strings.Fields(part)...)
		} else {
			words = append(words, part)
		}
	}
	lines := ui.Join(words, width-6)
	return "  " + strings.Join(lines, "\n      ") + "\n"
}

// writeCommands lists the commands of a group, if it has any.
func writeCommands(b *strings.Builder, g *cobra.Group, all []*cobra.Command, width int) {
	title := "\n" + g.Title + ":\n"
	for _, c := range all {
		if c.GroupID == g.ID && listed(c) {
			b.WriteString(title)
			title = ""
			ui.Hang(b, fmt.Sprintf("  %-*s ", c.NamePadding(), c.Name()), c.Short, width)
		}
	}
}

// listed reports whether users see a command. Cobra does not count its own, help.
func listed(c *cobra.Command) bool { return c.IsAvailableCommand() || c.Name() == "help" }

// ownFlags are the flags of a command that some other commands lack.
func ownFlags(cmd *cobra.Command) *pflag.FlagSet {
	own := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	own.SortFlags = false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if cmd.Root().PersistentFlags().Lookup(f.Name) == nil {
			own.AddFlag(f)
		}
	})
	return own
}

// writeOptions lists flags, with their usage in a second column.
func writeOptions(b *strings.Builder, title string, all []option, width int) {
	if len(all) == 0 {
		return
	}
	column := 0
	for _, o := range all {
		if n := o.width(); n <= width*2/5 {
			column = max(column, n)
		}
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, o := range all {
		head := fmt.Sprintf("  %-*s  ", column, o.name)
		if o.width() > column {
			fmt.Fprintf(b, "  %s\n", o.name)
			head = strings.Repeat(" ", column+4)
		}
		ui.Hang(b, head, o.usage, width)
	}
}

// option is a flag in help, "    --region NAME", with its usage.
type option struct{ name, usage string }

func (o option) width() int { return utf8.RuneCountInString(o.name) }

// options returns the flags that users see.
func options(flags *pflag.FlagSet) []option {
	var all []option
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			name += " " + value
		}
		if d := shownDefault(f); d != "" && !strings.Contains(usage, "(default: ") {
			usage += " (default: " + d + ")"
		}
		all = append(all, option{name, usage})
	})
	return all
}

// shownDefault is the default of a flag in the form that users type, "" if it is not
// worth showing.
func shownDefault(f *pflag.Flag) string {
	d := strings.Trim(f.DefValue, "[]")
	switch d {
	case "", "0", "0s", "false":
		return ""
	}
	if f.Value.Type() == "duration" {
		return ui.WithoutZeros(d)
	}
	return d
}
