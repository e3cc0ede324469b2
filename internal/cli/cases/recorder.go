package cases

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"fanout/engine"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/sinks"
)

// delivery is a record, or a message, as a target got it.
type delivery struct {
	Key        string            `json:"key,omitempty"`
	Action     string            `json:"action,omitempty"`  // of a change in a table
	Records    int               `json:"records,omitempty"` // in a message of several
	Index      string            `json:"index,omitempty"`   // see sinks.Entry, like the next fields
	Topic      string            `json:"topic,omitempty"`
	Subject    string            `json:"subject,omitempty"`
	Group      string            `json:"group,omitempty"`
	Source     string            `json:"source,omitempty"`
	DetailType string            `json:"detailType,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Data       *string           `json:"data,omitempty"`
	Data64     []byte            `json:"data64,omitempty"` // data that is not text

	lane, seq string
	sub       int
}

// recorder keeps what targets get. It is safe for concurrent use.
type recorder struct {
	mu  sync.Mutex
	all map[[2]string][]delivery // by source and id of the target
}

// around replaces the sink of a target.
func (rec *recorder) around(s *sinks.Spec, sink engine.Sink) engine.Sink {
	return &recording{Sink: sink, spec: s, to: rec}
}

// of returns what a target got, in the order of the source.
func (rec *recorder) of(source, id string) []delivery {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	all := rec.all[[2]string{source, id}]
	slices.SortStableFunc(all, func(a, b delivery) int {
		return cmp.Or(cmp.Compare(a.lane, b.lane), cmp.Compare(len(a.seq), len(b.seq)), cmp.Compare(a.seq, b.seq), cmp.Compare(a.sub, b.sub))
	})
	return all
}

// others returns source and id of the targets that got records and have no report.
func (rec *recorder) others(results []lambda.Result) (all [][2]string) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	reported := make(map[[2]string]bool)
	for i := range results {
		for k := range results[i].Report.Targets {
			reported[[2]string{results[i].SourceARN, results[i].Report.Targets[k].ID}] = true
		}
	}
	for at := range rec.all {
		if !reported[at] {
			all = append(all, at)
		}
	}
	return all
}

// recording is a sink that acknowledges and records.
type recording struct {
	engine.Sink // for its name and sizes

	spec *sinks.Spec
	to   *recorder
}

// Limits returns the limit of a record alone, so that a request holds all records of a
// shard and their order does not depend on the scheduler.
func (s *recording) Limits() engine.Limits {
	l := s.Sink.Limits()
	most := l.RecordBytes
	if room := l.Bytes - l.PerBatch; l.Bytes > 0 && (most == 0 || room < most) {
		most = room
	}
	return engine.Limits{RecordBytes: most}
}

// Send records a batch. A record that the sink refuses fails, and in an ordered target so do
// the later ones of its key.
func (s *recording) Send(ctx context.Context, batch []engine.Record) (o engine.Outcome) {
	blocked := make(map[string]bool)
	var took []delivery
	for i := range batch {
		r := &batch[i]
		d, err := s.delivery(ctx, r)
		switch {
		case blocked[r.Key]:
			o.Fail(i, engine.Errorf(engine.Retryable, "an earlier record of the key failed"))
		case err != nil:
			blocked[r.Key] = s.spec.Ordered()
			o.Fail(i, err) // as the sink fails the record alone
		default:
			took = append(took, d)
		}
	}
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	if s.to.all == nil {
		s.to.all = make(map[[2]string][]delivery)
	}
	at := [2]string{s.spec.SourceARN, s.spec.ID}
	s.to.all[at] = append(s.to.all[at], took...)
	return o
}

// delivery returns r as the sink sends it. It copies r, because its memory ends with the
// event.
func (s *recording) delivery(ctx context.Context, r *engine.Record) (delivery, error) {
	var e sinks.Entry
	if describer, ok := s.Sink.(sinks.Describer); ok {
		var err error
		if e, err = describer.Describe(ctx, r); err != nil {
			return delivery{}, err
		}
	}
	d := delivery{
		Key: strings.Clone(r.Key), lane: strings.Clone(r.Lane), seq: strings.Clone(r.Seq), sub: r.Sub,
		Index: e.Index, Topic: e.Topic, Subject: e.Subject, Group: e.Group, Source: e.Source, DetailType: e.DetailType, Attributes: e.Attributes,
	}
	if slices.Contains([]string{"INSERT", "MODIFY", "REMOVE"}, r.Action) {
		d.Action = strings.Clone(r.Action)
	}
	if n := len(r.Parts()); n > 1 {
		d.Records, d.Key, d.Action = n, "", ""
	}
	data := e.Data
	if data == nil {
		data = r.Data.Bytes()
	}
	if data = timeless(data); utf8.Valid(data) {
		text := string(data)
		d.Data = &text
	} else {
		d.Data64 = slices.Clone(data)
	}
	return d, nil
}

// timeless replaces the time in an envelope of onFailure, which differs from run to run.
func timeless(data []byte) []byte {
	e, err := envelope.Parse(data)
	if err != nil {
		return data
	}
	e.Time = time.Unix(0, 0).UTC()
	if text, err := e.Marshal(); err == nil {
		return text
	}
	return data
}
