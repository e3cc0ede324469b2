package redrive

import (
	"context"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"fanout/engine"
	"fanout/internal/cli/ui"
	"fanout/sinks"
)

// swallow is a sink that sends nothing. It has the sizes of the sink that it replaces, and
// refuses the records that this one refuses by itself.
type swallow struct {
	engine.Sink
	ordered bool
}

// rehearse replaces the sink of a target.
func rehearse(t *sinks.Spec, s engine.Sink) engine.Sink { return swallow{s, t.Ordered()} }

// Limits returns the limits of the sink without its pace, because nothing is sent.
func (s swallow) Limits() engine.Limits {
	l := s.Sink.Limits()
	l.Pace = nil
	return l
}

// Send delivers nothing.
func (s swallow) Send(ctx context.Context, batch []engine.Record) (o engine.Outcome) {
	describer, ok := s.Sink.(sinks.Describer)
	if !ok {
		return o
	}
	blocked := make(map[string]bool)
	for i := range batch {
		r := &batch[i]
		if blocked[r.Key] {
			o.Fail(i, engine.Errorf(engine.Retryable, "an earlier record of the key failed"))
		} else if _, err := describer.Describe(ctx, r); err != nil {
			blocked[r.Key] = s.ordered
			o.Fail(i, err)
		}
	}
	return o
}

// replayPlan is what a replay would do.
type replayPlan struct {
	Source      string `json:"source"`
	Target      string `json:"target"`
	Type        string `json:"type"`
	Destination string `json:"destination"`
	Since       string `json:"since"`
	Until       string `json:"until"`
	Records     int    `json:"records"`
	Filtered    int    `json:"filtered"`
	Dropped     int    `json:"dropped"`
	Diverted    int    `json:"diverted"` // onFailure takes them
	Failed      int    `json:"failed"`   // before they could be sent
}

// print prints the plan.
func (p *replayPlan) print(w io.Writer, output string) error {
	return ui.Show(w, output, p, func(t table.Writer) {
		t.AppendHeader(table.Row{"source", "target", "type", "destination", "since", "until", "records", "filtered", "diverted", "failed"})
		t.AppendRow(table.Row{p.Source, p.Target, p.Type, p.Destination, p.Since, p.Until, p.Records, p.Filtered + p.Dropped, p.Diverted, p.Failed})
	})
}

// explain says that there is nothing to send.
func (p *replayPlan) explain(w io.Writer) {
	fmt.Fprintf(w, "no records of %s from %s to %s would go to %s\n", p.Source, p.Since, p.Until, p.Target)
}

// question asks whether to send the records.
func (p *replayPlan) question() string {
	text := fmt.Sprintf("Send %s of %s, which arrived from %s to %s, to %s (%s %s), even if it has them?",
		ui.Count(p.Records, "record"), p.Source, p.Since, p.Until, p.Target, p.Type, p.Destination)
	if p.Failed > 0 {
		text = fmt.Sprintf("%s will fail, and the first ends the replay. %s", ui.Count(p.Failed, "record"), text)
	}
	if p.Diverted > 0 {
		text = fmt.Sprintf("%s will go to onFailure. %s", ui.Count(p.Diverted, "record"), text)
	}
	return text
}

// verdict is the result of a dry run.
func (p *replayPlan) verdict() error {
	if p.Failed == 0 {
		return nil
	}
	return fmt.Errorf("%s would fail, and the first would end the replay; correct the target, or give it onFailure", ui.Count(p.Failed, "record"))
}
