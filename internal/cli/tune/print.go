package tune

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/internal/cli/ui"
	"fanout/internal/tune"
)

// showTuning prints a report in the form that output names.
func showTuning(w io.Writer, output string, r *tune.Report) error {
	if err := ui.Show(w, output, r, func(t table.Writer) { tuningRows(t, r) }); err != nil || output != "table" {
		return err
	}
	var b strings.Builder
	width := ui.TextWidth(w)
	for _, part := range []struct {
		head  string
		lines []string
	}{{"Why", r.Why}, {"Assumptions", r.Basis}, {"Notes", r.Notes}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "\n%s\n", part.head)
		}
		for _, line := range part.lines {
			ui.Hang(&b, "  • ", line, width)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tuningRows fills a table: first the recommended setting, then the settings that
// differ from it in one value.
func tuningRows(t table.Writer, r *tune.Report) {
	t.AppendHeader(table.Row{"", "batch", "window", "factor", "in flight", "memory", "collapse",
		"max records/s", "lag p50", "lag p99", "requests/s", "$/month", "goal"})
	var columns []table.ColumnConfig
	for i := 2; i <= 12; i++ {
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
	row := table.Row{name, r.BatchSize, r.Window, r.Factor, r.InFlight, fmt.Sprintf("%d MB", r.Memory), r.Collapse, tune.Number(r.Throughput)}
	if r.Steady == nil {
		return append(row, "grows", "grows", "", "", r.Verdict())
	}
	return append(row, tune.Millis(r.LagP50), tune.Millis(r.LagP99), tune.Number(r.Requests), tune.Dollars(r.MonthlyCost.Total), r.Verdict())
}
