package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/lambda/target"
	"fanout/sinks"
)

const source = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

// kinesisEvent is an event with records of one shard of source.
func kinesisEvent(data ...string) []byte {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(
			`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"shard:%d","kinesis":{"partitionKey":"k","sequenceNumber":"%d","data":%q}}`,
			source, i, i, base64.StdEncoding.EncodeToString([]byte(d))))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

type noTargets struct{}

func (noTargets) Targets(context.Context, string) (target.Set, error) { return target.Set{}, nil }

// withTargets returns a Handler that delivers the records of source to targets, regardless
// of the configuration.
func withTargets(t *testing.T, log *bytes.Buffer, targets ...engine.Target) *Handler {
	t.Helper()
	o := DefaultOptions()
	o.IgnoreUnknownSource = true
	h, err := New(o, aws.Config{}, NewLogger(log, o.LogLevel))
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.NewPlan(engine.Options{Slots: h.slots, Margin: o.DeadlineMargin}, targets...)
	if err != nil {
		t.Fatal(err)
	}
	h.store = noTargets{}
	h.plans[source] = &plan{engine: p}
	for _, tt := range targets {
		h.plans[source].specs = append(h.plans[source].specs, sinks.Spec{ID: tt.ID})
	}
	return h
}

// sinkFunc is a sink that sends with a function.
type sinkFunc func(ctx context.Context, batch []engine.Record) engine.Outcome

func (sinkFunc) Limits() engine.Limits           { return engine.Limits{} }
func (sinkFunc) Sizer() func(*engine.Record) int { return nil }

func (f sinkFunc) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	return f(ctx, batch)
}

// poison is data that makes the parts below panic.
const poison = "poison"

func check(recs []engine.Record) {
	for i := range recs {
		if string(recs[i].Data.Bytes()) == poison {
			panic("out of cheese: " + poison)
		}
	}
}

type fragile struct{}

func (fragile) Name() string { return "fragile" }

func (fragile) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	check(in)
	for _, r := range in {
		out.Emit(r)
	}
}

// A panic in a stage or a sink fails the records that cause it, is reported, and the
// process lives on.
func TestPanics(t *testing.T) {
	var log bytes.Buffer
	calm := sinkFunc(func(context.Context, []engine.Record) engine.Outcome { return engine.Outcome{} })
	h := withTargets(t, &log,
		engine.Target{ID: "stage", Stages: []engine.Stage{fragile{}}, Sink: calm},
		engine.Target{ID: "sink", Sink: sinkFunc(func(_ context.Context, batch []engine.Record) engine.Outcome {
			check(batch)
			return engine.Outcome{}
		})},
		engine.Target{ID: "calm", Sink: calm},
	)
	_, err := h.Invoke(t.Context(), kinesisEvent("a", poison, "b", "c"))
	if err == nil || strings.Count(err.Error(), "1 of 4 records failed at target") != 2 || strings.Count(err.Error(), "panicked in fanout/lambda.check (line ") != 2 {
		t.Errorf("the answer is %v", err)
	}
	if text := log.String(); strings.Count(text, "panicked in fanout/lambda.check") != 2 || strings.Count(text, "\n") != 3 {
		t.Errorf("the log is not a line a target, two with where it panicked:\n%s", text)
	}
	if text := log.String() + err.Error(); strings.Contains(text, "cheese") || strings.Contains(text, poison) {
		t.Errorf("what the panic says may be a payload, and is in\n%s", text)
	}
	if answer, err := h.Invoke(t.Context(), kinesisEvent("d")); err != nil || string(answer) != "null" {
		t.Errorf("after the panics: %s, %v", answer, err)
	}
}

// The runtime reads the next event into the same buffer, while a sink that did not
// return in time may still hold records of the one before.
func TestBufferIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, late := make(chan struct{}), ""
		h := withTargets(t, new(bytes.Buffer), engine.Target{ID: "hangs", Sink: sinkFunc(func(_ context.Context, batch []engine.Record) engine.Outcome {
			<-release
			late = batch[0].Key + " " + string(batch[0].Data.Bytes())
			return engine.Outcome{}
		})})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		buffer := kinesisEvent("one")
		if _, err := h.Invoke(ctx, buffer); err == nil || !strings.Contains(err.Error(), "did not return in time") {
			t.Errorf("got %v", err)
		}
		for i := range buffer {
			buffer[i] = 'x'
		}
		close(release)
		synctest.Wait()
		if late != "k one" {
			t.Errorf("the sink found %q", late)
		}
	})
}
