package targets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/doctor"
	"fanout/internal/provision/lint"
	"fanout/lambda/target"
)

// lintCommand is `fanout lint`.
type lintCommand struct {
	manage.Command
	files      []string // of targets; none: the table
	filesBelow string
}

// NewLint returns the command `fanout lint`.
func NewLint(c *factory.Factory) *cobra.Command {
	l := lintCommand{Command: manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use:   "lint [FILE… | --table NAME]",
		Short: "Report all faults and warnings of targets",
		Long: `Lint reads the targets of every source from files or from the table of a function, and
reports all their faults and warnings. If neither is named, it reads targets.yaml, .yml or
.json in the working directory. To check files, it makes no AWS calls, and prints a
line with file, line and column for each finding. --output github prints them as
annotations of GitHub Actions. With --function, lint also finds the targets in files
that invoke this function itself.

Records of an active target with a fault fail, which blocks their shard. This includes
targets that aws-lambda-fanout ignored because of an unknown type or because the
attribute active was missing. Correct such a target, or unregister it. For targets in a
table, lint also checks whether the source is the current stream of its DynamoDB table.
A stream that was switched off and on has a new ARN, and the former stream sends no
records.

The exit status is 1 if a target has a fault, 2 if a file cannot be read, and 0 if there
are only warnings.`,
		Example: `  fanout lint targets.yaml
  fanout lint targets/*.yaml --output github --function orders
  fanout lint --table fanoutTargets --output json`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	l.FunctionFlags(cmd)
	l.TableFlags()
	l.Flags.StringArrayVar(&l.files, "targets", nil, "read the targets from this `FILE` in YAML or JSON, like an argument; repeatable")
	l.Flags.StringVar(&l.filesBelow, "allow-file-targets", "", "let targets of type file in the table write to this `DIR` (default: such targets are faulty)")
	ui.OutputFlag(cmd, &l.Output, append(slices.Clone(ui.OutputForms), github)...)
	l.Work(cmd, nil, func(ctx context.Context, a *cloud.Account) error { return l.lintTable(ctx, cmd, a) })
	ofTable := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l.files = append(l.files, args...)
		table := l.namesTable()
		if len(l.files) == 0 && !table {
			l.files = usualFile()
		}
		switch {
		case len(l.files) > 0:
			return l.lintFiles(cmd)
		case l.Output == github:
			return errors.New("--output github is for files; name a file, or remove the flag")
		case !table:
			return errors.New("lint needs targets: name a file, such as fanout lint targets.yaml, or a table with --table NAME or --function NAME")
		}
		return ofTable(cmd, nil)
	}
	_ = cmd.MarkFlagFilename("targets", "yaml", "yml", "json")
	_ = cmd.MarkFlagDirname("allow-file-targets")
	return cmd
}

// namesTable reports whether a flag is about a table: it names one, or a function that has one.
func (l *lintCommand) namesTable() bool {
	return slices.ContainsFunc([]string{"function", "function-arn", "table", "table-arn", "allow-file-targets"}, l.IsSet)
}

// reader returns the name or ARN of the function that reads the targets, or "" if it is unknown:
// a file or a table that is named may be another function's than the default one.
func (l *lintCommand) reader() string {
	named := l.IsSet("function") || l.IsSet("function-arn")
	if !named && (len(l.files) > 0 || l.IsSet("table") || l.IsSet("table-arn")) {
		return ""
	}
	return l.FunctionRef()
}

// usualFile returns the targets file of the working directory, if there is one.
func usualFile() []string {
	for _, name := range []string{"targets.yaml", "targets.yml", "targets.json"} {
		if _, err := os.Stat(name); err == nil {
			return []string{name}
		}
	}
	return nil
}

// lintTable prints the findings for the targets of a table.
func (l *lintCommand) lintTable(ctx context.Context, cmd *cobra.Command, a *cloud.Account) error {
	t, err := l.Registry(ctx, a)
	if err != nil {
		return err
	}
	entries, err := t.List(ctx, "")
	if err != nil {
		return err
	}
	dir := l.filesBelow
	if dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return err
		}
	}
	all, sources := make([]target.Loaded, len(entries)), make([]string, len(entries))
	for i := range entries {
		all[i], sources[i] = entries[i].Loaded, entries[i].Spec.SourceARN
		all[i].Confine(dir)
	}
	streams := lint.StreamsOf(ctx, a.DynamoDB(), sources)
	return showLint(cmd.OutOrStdout(), l.Output, lintedOf(lint.Targets(all, l.reader(), streams)))
}

// linted is a finding for one target.
type linted struct {
	File   string        `json:"file,omitempty"`
	Line   int           `json:"line,omitempty"`
	Column int           `json:"column,omitempty"`
	Source string        `json:"source"`
	Target string        `json:"target"`
	Status doctor.Status `json:"status"` // error: its records fail, or none arrive; warning
	Text   string        `json:"text"`
}

func lintedOf(found []lint.Finding) []linted {
	all := make([]linted, len(found))
	for i, f := range found {
		all[i] = linted{Source: f.Source, Target: f.Target, Status: doctor.Warning, Text: f.Text}
		if f.Fault {
			all[i].Status = doctor.Error
		}
	}
	return all
}

// faultsIn returns the number of faults among findings.
func faultsIn(found []linted) (n int) {
	for i := range found {
		if found[i].Status == doctor.Error {
			n++
		}
	}
	return n
}

// showLint prints the findings of a table, and fails if a target has a fault.
func showLint(w io.Writer, output string, found []linted) error {
	faults := faultsIn(found)
	if len(found) > 0 || output != "table" {
		err := ui.Show(w, output, found, func(t table.Writer) {
			t.AppendHeader(table.Row{"", "target", "finding"})
			for _, f := range found {
				name := awsname.Source(f.Source)
				if f.Target != "" {
					name = awsname.Target(f.Source, f.Target)
				}
				m := manage.Marks[f.Status]
				t.AppendRow(table.Row{ui.Colored(w, m.Color, m.Mark), ui.Printable(name), f.Text})
			}
		})
		if err != nil {
			return ui.Failed(err)
		}
	}
	if output == "table" {
		if _, err := fmt.Fprintf(w, "%s, %s\n", ui.Count(faults, "fault"), ui.Count(len(found)-faults, "warning")); err != nil {
			return ui.Failed(err)
		}
	}
	if faults > 0 {
		return ui.Failed(ui.ErrReported)
	}
	return nil
}
