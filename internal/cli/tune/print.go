package tune

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/engine/plain"
	"fanout/internal/cli/ui"
	"fanout/internal/tune"
)

// showTuning prints a report in the form that output names.
func showTuning(w io.Writer, output string, r *tune.Report) error {
	if err := ui.Show(w, output, r, func(t table.Writer) { tuningRows(t, r) }); err != nil || output != "table" {
		return err
	}
	var b strings.Builder
	if len(r.Targets) > 0 {
		t := ui.NewTable(ui.Columns(w))
		targetRows(t, r)
		fmt.Fprintf(&b, "\nTargets with the recommended setting: calls and billed units a million records\n%s\n", t.Render())
	}
	width := ui.TextWidth(w)
	for _, part := range []struct {
		head  string
		lines []string
	}{{"Why", append(slices.Clone(r.Why), reasons(r)...)}, {"Assumptions", r.Basis}, {"Notes", r.Notes}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "\n%s\n", part.head)
		}
		for _, line := range part.lines {
			ui.Hang(&b, "  • ", line, width)
		}
	}
	if len(r.Commands) > 0 {
		b.WriteString("\nApply it\n")
	}
	for _, line := range r.Commands {
		b.WriteString("  " + plain.Text(line) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reasons returns a line for each value of the recommended setting.
func reasons(r *tune.Report) (lines []string) {
	for _, x := range r.Reasons {
		if x.Why != "" {
			lines = append(lines, x.Name+" "+x.Value+": "+x.Why+".")
		}
	}
	return lines
}

// targetRows fills a table with the charges of each target, as configured and with changes.
func targetRows(t table.Writer, r *tune.Report) {
	t.AppendHeader(table.Row{"target", "", "calls/M", "billed units/M", "max records/s", "lag p99", "$/month"})
	var columns []table.ColumnConfig
	for i := 3; i <= 7; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for i := range r.Targets {
		x := &r.Targets[i]
		lag, cost := "grows", ""
		if x.LagP99 > 0 {
			lag, cost = tune.Millis(x.LagP99), tune.Dollars(x.MonthlyCost)
		}
		t.AppendRow(table.Row{x.ID, x.Name(), tune.Number(x.Calls), x.Billed(), tune.Number(x.Throughput), lag, cost})
	}
}

// tuningRows fills a table: first the recommended setting, then the settings that
// differ from it in one value.
func tuningRows(t table.Writer, r *tune.Report) {
	t.AppendHeader(table.Row{"", "batch", "window", "factor", "in flight", "memory", "collapse",
		"max records/s", "use", "lag p50", "lag p99", "requests/s", "$/month", "goal"})
	var columns []table.ColumnConfig
	for i := 2; i <= 13; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	t.AppendRow(tuningRow(r.Name(), &r.Recommended))
	last := ""
	for i := range r.Others {
		o := &r.Others[i]
		name := r.Differs(o.Setting)
		if name != last {
			t.AppendSeparator()
		}
		t.AppendRow(tuningRow(name, o))
		last = name
	}
}

func tuningRow(name string, r *tune.Result) table.Row {
	row := table.Row{name, r.BatchSize, r.Window, r.Factor, r.InFlight, fmt.Sprintf("%d MB", r.Memory), r.Collapse, tune.Number(r.Throughput), tune.Percent(r.Utilization)}
	if r.Steady == nil {
		return append(row, "grows", "grows", "", "", r.Verdict())
	}
	return append(row, tune.Millis(r.LagP50), tune.Millis(r.LagP99), tune.Number(r.Requests), tune.Dollars(r.MonthlyCost.Total), r.Verdict())
}
