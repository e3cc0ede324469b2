package redrive

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"fanout/internal/cli/ui"
	"fanout/internal/redrive"
)

// redriveStep is one target's part of a dry run.
type redriveStep struct {
	Source      string `json:"source"`
	Target      string `json:"target"`
	Type        string `json:"type"`
	Destination string `json:"destination"`
	Records     int    `json:"records"`
	Staged      int    `json:"staged"` // of them, past the stages, so none runs again
	Fault       string `json:"fault,omitempty"`
}

// preview counts the records that would go to each target.
func (d *redelivery) preview(ctx context.Context, groups []*redrive.Group) error {
	for _, g := range groups {
		i := slices.IndexFunc(d.plan, func(s *redriveStep) bool { return s.Source == g.Source && s.Target == g.Target })
		if i < 0 {
			s := &redriveStep{Source: g.Source, Target: g.Target}
			spec, err := d.again.Target(ctx, g.Source, g.Target)
			if err != nil {
				s.Fault = err.Error()
				fmt.Fprintf(d.stderr, "fanout: %s\n", ui.Indented(err))
			}
			s.Type, s.Destination = spec.Type.String(), spec.Destination.String()
			i, d.plan = len(d.plan), append(d.plan, s)
		}
		s := d.plan[i]
		s.Records += len(g.Letters)
		for _, l := range g.Letters {
			if l.Staged {
				s.Staged++
			}
		}
	}
	return nil
}

// printPlan prints the dry run, and fails if some records could not be delivered.
func (d *redelivery) printPlan(w io.Writer) error {
	if len(d.plan) == 0 && d.Output == "table" {
		fmt.Fprintln(w, "no envelopes")
		if d.sum.Unreadable > 0 {
			return ui.Failed(ui.ErrReported)
		}
		return nil
	}
	p := slices.Concat([]*redriveStep{}, d.plan) // never null in JSON
	err := ui.Show(w, d.Output, p, func(t table.Writer) {
		t.AppendHeader(table.Row{"source", "target", "type", "destination", "records", "staged"})
		for _, s := range p {
			t.AppendRow(table.Row{s.Source, s.Target, s.Type, s.Destination, s.Records, s.Staged})
		}
	})
	if err == nil && (d.sum.Unreadable > 0 || slices.ContainsFunc(p, func(s *redriveStep) bool { return s.Fault != "" })) {
		err = ui.ErrReported
	}
	return ui.Failed(err)
}
