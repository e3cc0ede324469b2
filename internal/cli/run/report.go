package run

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/engine/plain"
	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/internal/redrive"
)

// Print writes the table to standard error and, for json and yaml, the report to standard
// output.
func (s *Summary) Print(stdout io.Writer, stderr *ui.Live, output string) error {
	records, rows := s.snapshot()
	printTable(stderr, records, rows)
	switch {
	case !s.retried || !slices.ContainsFunc(rows, func(r row) bool { return r.Failed > 0 }):
	case s.settled:
		fmt.Fprintln(stderr, "Every failed record was sent again until it succeeded. FAILED counts each failed attempt.")
	default:
		fmt.Fprintln(stderr, "FAILED counts each failed attempt of a record.")
	}
	if m := s.Messages; m != nil {
		fmt.Fprintf(stderr, "%s: %d deleted, %d left in the queue\n", ui.Count(m.Received, "message"), m.Deleted, m.Kept)
	}
	if output == "table" {
		return nil
	}
	return ui.Show(stdout, output, struct {
		Records    int             `json:"records"`
		Unreadable int             `json:"unreadable,omitempty"`
		Messages   *redrive.Counts `json:"messages,omitempty"`
		Targets    []row           `json:"targets"`
	}{records, s.Unreadable, s.Messages, rows}, nil)
}

// printTable writes a row for each target, and the reasons of failures that were not in the
// news.
func printTable(w io.Writer, records int, rows []row) {
	if len(rows) == 0 {
		if records == 0 {
			fmt.Fprintln(w, "no records")
		} else {
			fmt.Fprintf(w, "%s, but their source has no active target\n", ui.Count(records, "record"))
		}
		return
	}
	t := ui.NewTable(ui.Columns(w))
	head := table.Row{"target", "type", "delivered", "dropped", "diverted", "failed", "requests", "retries", "bytes", "time"}
	already := slices.ContainsFunc(rows, func(r row) bool { return r.Already > 0 })
	if already { // most runs have no retries, so the column would be empty
		head = slices.Insert(head, 3, any("already"))
	}
	filtered := slices.ContainsFunc(rows, func(r row) bool { return r.Filtered > 0 })
	dropped := slices.Index(head, any("dropped"))
	if filtered {
		head = slices.Insert(head, dropped, any("filtered"))
	}
	t.AppendHeader(head)
	var numbers []table.ColumnConfig
	for i := 3; i <= len(head); i++ {
		numbers = append(numbers, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(numbers)
	names := rowNames(rows)
	for i, r := range rows {
		failed := any(r.Failed)
		if r.Failed > 0 {
			failed = ui.Colored(w, text.FgRed, fmt.Sprint(r.Failed))
		}
		cells := table.Row{names[i], r.Type, r.Delivered, r.Dropped, r.Diverted, failed, r.Requests, r.Retries, r.Bytes, fmt.Sprintf("%.3fs", r.took.Seconds())}
		if already {
			cells = slices.Insert(cells, 3, any(r.Already))
		}
		if filtered {
			cells = slices.Insert(cells, dropped, any(r.Filtered))
		}
		t.AppendRow(cells)
	}
	fmt.Fprintln(w, t.Render())
	for i, r := range rows {
		for _, why := range r.Reasons {
			if !why.told {
				why.print(w, names[i])
			}
		}
	}
	if already {
		fmt.Fprintln(w, "ALREADY counts records that the target already had, so they were not sent again.")
	}
	if slices.ContainsFunc(rows, row.counted) {
		fmt.Fprintln(w, "The table counts source records. The lines with reasons count records after the target's stages.")
	}
}

// rowNames returns the names of rows: the target's id, with the source if several
// sources have targets with that id.
func rowNames(rows []row) []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.ID
		for k, other := range rows {
			switch {
			case k == i || other.ID != r.ID:
			case awsname.Source(other.Source) == awsname.Source(r.Source): // a stream and its consumer
				names[i] = r.Source + "/" + r.ID
			case names[i] == r.ID:
				names[i] = awsname.Target(r.Source, r.ID)
			}
		}
	}
	return names
}

// counted reports whether the reasons count different records than the row: the records
// after the stages.
func (r row) counted() bool {
	n := 0
	for _, why := range r.Reasons {
		n += why.Count
	}
	records := r.Failed + r.Diverted
	return n > records || n > 0 && n < records && len(r.Reasons) < maxReasons
}

// print prints why records failed at a target. A faulty target has a line for each
// fault.
func (r reason) print(w io.Writer, target string) {
	did := "failed"
	if r.Diverted {
		did = "diverted"
	}
	fmt.Fprintf(w, "%s: %d %s", plain.Line(target), r.Count, did)
	switch {
	case r.Line != "":
		fmt.Fprintf(w, ", first %s", plain.Line(r.Line))
	case r.Sequence != "":
		fmt.Fprintf(w, ", first %s of %s", plain.Line(r.Sequence), plain.Line(r.Shard))
	}
	fmt.Fprintf(w, ": %s\n", ui.Indented(errors.New(r.Error)))
}
