package targets

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

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
	file       string // of targets; "": the table
	filesBelow string
}

// NewLint returns the command `fanout lint`.
func NewLint(c *factory.Factory) *cobra.Command {
	l := lintCommand{Command: manage.Command{Factory: c}}
	cmd := &cobra.Command{
		Use:   "lint [--targets FILE | --table NAME]",
		Short: "Report all faults and warnings of targets",
		Long: `Lint reads the targets of every source from a file or from the table of a function, and
reports all their faults and warnings. To check a file, it makes no AWS calls.

Records of an active target with a fault fail, which blocks their shard. This includes
targets that aws-lambda-fanout ignored because of an unknown type or because the
attribute active was missing. Correct such a target, or unregister it. For targets in a
table, lint also checks whether the source is the current stream of its DynamoDB table.
A stream that was switched off and on has a new ARN, and the former stream sends no
records.

The exit status is 1 if a target has a fault, and 0 if there are only warnings.`,
		Example: `  fanout lint --targets targets.yaml
  fanout lint --table fanoutTargets --output json`,
		Args: ui.FlagsOnly,
	}
	l.FunctionFlags(cmd)
	l.TableFlags()
	l.Flags.StringVar(&l.file, "targets", "", "read the targets from this `FILE` in YAML or JSON")
	l.Flags.StringVar(&l.filesBelow, "allow-file-targets", "", "let targets of type file in the table write to this `DIR` (default: such targets are faulty)")
	l.OutputFlag(cmd)
	l.Work(cmd, nil, func(ctx context.Context, a *cloud.Account) error { return l.lintTable(ctx, cmd, a) })
	ofTable := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if l.file == "" {
			return ofTable(cmd, args)
		}
		return l.lintFile(cmd)
	}
	_ = cmd.MarkFlagFilename("targets", "yaml", "yml", "json")
	_ = cmd.MarkFlagDirname("allow-file-targets")
	return cmd
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
	return showLint(cmd.OutOrStdout(), l.Output, lintedOf(lint.Targets(all, streams)))
}

// lintFile prints the findings for the targets of a file.
func (l *lintCommand) lintFile(cmd *cobra.Command) error {
	for _, name := range []string{"function", "function-arn", "table", "table-arn", "allow-file-targets"} {
		if l.IsSet(name) {
			return fmt.Errorf("--targets and --%s cannot be combined; use only one", name)
		}
	}
	store, err := l.Catalog.OpenFile(l.file)
	if err != nil {
		return err
	}
	all, err := store.All()
	if err != nil {
		return err
	}
	return showLint(cmd.OutOrStdout(), l.Output, lintedOf(lint.Targets(all, nil)))
}

// linted is a finding for one target.
type linted struct {
	Source string        `json:"source"`
	Target string        `json:"target"`
	Status doctor.Status `json:"status"` // error: its records fail, or none arrive; warning
	Text   string        `json:"text"`
}

func lintedOf(found []lint.Finding) []linted {
	all := make([]linted, len(found))
	for i, f := range found {
		all[i] = linted{f.Source, f.Target, doctor.Warning, f.Text}
		if f.Fault {
			all[i].Status = doctor.Error
		}
	}
	return all
}

// showLint prints the findings, and fails if a target has a fault.
func showLint(w io.Writer, output string, found []linted) error {
	faults := 0
	for _, f := range found {
		if f.Status == doctor.Error {
			faults++
		}
	}
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
