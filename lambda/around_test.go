package lambda

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// listStore has the same targets for every source.
type listStore []target.Loaded

func (s listStore) Targets(context.Context, string) (target.Set, error) {
	return target.Set{Targets: s}, nil
}

// standIn counts records, and has the limits of the real sink.
type standIn struct {
	engine.Sink
	records *int
}

func (s standIn) Send(_ context.Context, batch []engine.Record) engine.Outcome {
	*s.records += len(batch)
	return engine.Outcome{}
}

// With Store and Around, the function does everything except sending.
func TestAroundSendsNothing(t *testing.T) {
	const source = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	store := listStore{
		{ID: "out", Spec: sinks.Spec{SourceARN: source, ID: "out", Type: builtin.Type("file"), Destination: sinks.Destination{Path: "/nowhere/at/all"}, Collapse: sinks.CollapseNone, Active: true}},
		{ID: "odd", Spec: sinks.Spec{SourceARN: source, ID: "odd", Active: true}},
	}
	records, around := 0, 0
	o := DefaultOptions()
	o.Metrics, o.TargetsFile, o.Store = metrics.ModeNone, "/nowhere/either", store
	o.Around = func(_ *sinks.Spec, s engine.Sink) engine.Sink {
		around++
		return standIn{s, &records}
	}
	h, err := New(o, aws.Config{Region: "eu-west-1"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	results, err := h.Handle(t.Context(), []byte(`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"`+source+`","eventID":"shardId-1:1",
		"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"YQ==","approximateArrivalTimestamp":1763800000.1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Report.Targets; got[0].Delivered != 1 || got[1].Failed != 1 || records != 1 || around != 1 {
		t.Errorf("%+v; %d records, %d sinks", got, records, around)
	}
}
