package function

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/near"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/doctor"
)

// NewDoctor returns the command `fanout doctor`.
func NewDoctor(c *factory.Factory) *cobra.Command {
	m := manage.Command{Factory: c}
	var lag time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the whole setup, and suggest remedies",
		Long: `Doctor checks the function, its variables and tables, its mappings, the rights of its
role, its network, and every target. It reports each problem with a remedy. It changes
nothing and sends nothing. It needs only read permissions, and reports each check that
your permissions do not allow.

The exit status is 1 if there is an error, and 0 if there are only warnings.`,
		Example: `  fanout doctor --function fanout
  fanout doctor --max-iterator-age 1m --output json`,
		Args: ui.FlagsOnly,
	}
	m.FunctionFlags(cmd)
	m.TableFlags()
	ui.DurationFlag(m.Flags, &lag, "max-iterator-age", 15*time.Minute, "report an error if records are older than this `TIME` when they reach the function")
	m.OutputFlag(cmd)
	check := func() error {
		if lag <= 0 {
			return fmt.Errorf("--max-iterator-age is %v; it must be above zero", lag)
		}
		return nil
	}
	m.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		d := doctor.Doctor{
			Services: doctor.On(a, m.Catalog), Function: m.FunctionRef(), Table: m.Table, Lag: lag,
			Flag: manage.FlagOf, Args: m.Connection(cmd),
			Similar: func(ctx context.Context, name string) string {
				return near.Closest(name, manage.FunctionNamesIn(ctx, a))
			},
		}
		if m.TableARN != "" {
			d.Table = m.TableARN
		}
		r := reportOf(d.Examine(ctx))
		if err := showDiagnosis(cmd.OutOrStdout(), m.Output, r); err != nil {
			return err
		}
		if r.Errors > 0 {
			return ui.Failed(ui.ErrReported)
		}
		return nil
	})
	return cmd
}

// diagnosis is the findings of doctor, with a count for each status.
type diagnosis struct {
	Findings   []doctor.Finding `json:"findings"`
	OK         int              `json:"ok"`
	Warnings   int              `json:"warnings"`
	Errors     int              `json:"errors"`
	NotChecked int              `json:"notChecked"`
}

func reportOf(found []doctor.Finding) diagnosis {
	r := diagnosis{Findings: found}
	for _, f := range found {
		switch f.Status {
		case doctor.Error:
			r.Errors++
		case doctor.Warning:
			r.Warnings++
		case doctor.Unknown:
			r.NotChecked++
		default:
			r.OK++
		}
	}
	return r
}

// showDiagnosis prints the findings. A table ends with a summary line.
func showDiagnosis(w io.Writer, output string, r diagnosis) error {
	err := ui.Show(w, output, r, func(t table.Writer) {
		findingRows(t, w, r.Findings)
	})
	if err == nil && output == "table" {
		_, err = fmt.Fprintf(w, "%d ok, %s, %s, %d not checked\n", r.OK, ui.Count(r.Warnings, "warning"), ui.Count(r.Errors, "error"), r.NotChecked)
	}
	return err
}

func findingRows(t table.Writer, w io.Writer, found []doctor.Finding) {
	t.AppendHeader(table.Row{"", "check", "subject", "finding"})
	for i, f := range found {
		say := f.Text
		// Several faults of a subject may share a remedy, which is printed once.
		if last := i == len(found)-1; f.Do != "" && (last || found[i+1].Do != f.Do) {
			say += "\n→ " + f.Do
		}
		m := manage.Marks[f.Status]
		t.AppendRow(table.Row{ui.Colored(w, m.Color, m.Mark), f.Check, f.Subject, ui.Sentences(say)})
	}
}
