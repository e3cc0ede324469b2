package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/request"
	"fanout/sinks/internal/sinktest"
)

const (
	function    = "orders"
	functionARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
)

// eventOf returns the event that delivers recs.
func eventOf(l *Sink, recs []engine.Record) ([]byte, error) {
	b := request.NewBody(0)
	defer b.Free()
	if err := l.append(b, recs); err != nil {
		return nil, err
	}
	return io.ReadAll(b.Content().Reader())
}

func TestLambdaConformance(t *testing.T) {
	for _, tt := range []struct {
		name   string
		form   Form
		record func(n int) engine.Record
		data   func(taken []byte) []byte
	}{
		{"source records", SourceRecords, func(n int) engine.Record {
			r := sinktest.SourceRecord(n)
			return sinktest.WithSource(r, engine.Bytes(r.Raw)) // CheckSink then expects the same data
		}, nil},
		{"user records", KinesisRecords, func(n int) engine.Record {
			r := sinktest.Awkward(n)
			r.Raw = sinktest.SourceRaw("aggregate", "many")
			return r
		}, func(taken []byte) []byte {
			var r struct{ Kinesis struct{ Data []byte } }
			_ = json.Unmarshal(taken, &r)
			return r.Kinesis.Data
		}},
		{"notifications", Notifications, func(n int) engine.Record {
			r := sinktest.Awkward(n)
			r.Data = engine.Bytes(bytes.ToValidUTF8(r.Data.Bytes(), []byte("?")))
			r.Raw = []byte(`{"EventSource":"aws:sns","Sns":{"Message":"fire"}}`)
			return r
		}, func(taken []byte) []byte {
			var r struct{ Sns struct{ Message string } }
			_ = json.Unmarshal(taken, &r)
			return []byte(r.Sns.Message)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				fake, cfg := sinktest.Start(t)
				var next atomic.Pointer[awsfake.Fault]
				fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
				return enginetest.SinkHarness{
					Sink: New(cfg, functionARN, "live", tt.form),
					Accepted: func() [][]byte {
						all := sinktest.DataOf(t, fake.Records("lambda/orders:live"))
						for i := range all {
							if tt.data != nil {
								all[i] = tt.data(all[i])
							}
						}
						return all
					},
					Break:  func() { next.Store(&awsfake.Fault{Drop: true}) },
					Record: tt.record,
				}
			})
		})
	}
}

func TestLambdaRequest(t *testing.T) {
	for _, tt := range []struct{ function, qualifier, name string }{
		{function, "", "lambda orders"},
		{function, "live", "lambda orders:live"},
		{functionARN, "7", "lambda orders:7"},
		{"123456789012:function:orders", "", "lambda orders"},
	} {
		w := &sinktest.Wire{Status: http.StatusAccepted}
		l := New(w.Config(), tt.function, tt.qualifier, SourceRecords)
		if l.String() != tt.name {
			t.Errorf("String %q; want %q", l, tt.name)
		}
		a, b := sinktest.SourceRecord(0), sinktest.SourceRecord(1)
		if o := l.Send(t.Context(), []engine.Record{a, b}); !o.OK() {
			t.Fatal(o.Err(0))
		}
		if kind := w.Header.Get("X-Amz-Invocation-Type"); kind != "Event" || w.URL.Path != "/2015-03-31/functions/"+tt.function+"/invocations" ||
			w.URL.Query().Get("Qualifier") != tt.qualifier {
			t.Errorf("%s: invoked %s, type %s", tt.name, w.URL, kind)
		}
		if want := `{"Records":[` + string(a.Raw) + "," + string(b.Raw) + `]}`; string(w.Body) != want {
			t.Errorf("%s: payload\n%s\nwant\n%s", tt.name, w.Body, want)
		}
	}
}

func TestLambdaAnswers(t *testing.T) {
	tests := []struct {
		name string
		wire sinktest.Wire
		want string
	}{
		{"queued", sinktest.Wire{Status: http.StatusAccepted}, ""},
		{"queued, and the event comes back", sinktest.Wire{Status: http.StatusAccepted, Answer: `{"Records":[` + strings.Repeat("{},", 10_000) + `{}]}`}, ""},
		{"ran", sinktest.Wire{Status: http.StatusOK}, "retryable"},
		{"not run", sinktest.Wire{Status: http.StatusNoContent}, "retryable"},
		{"failed", sinktest.Wire{Status: http.StatusAccepted, Reply: http.Header{"X-Amz-Function-Error": {"Unhandled"}}, Answer: `"secret"`}, "retryable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := New(tt.wire.Config(), function, "", SourceRecords)
			o := l.Send(t.Context(), []engine.Record{sinktest.SourceRecord(0), sinktest.SourceRecord(1)})
			if diff := cmp.Diff([]string{tt.want, tt.want}, sinktest.Failures(o, 2)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
			if err := o.Err(0); err != nil && strings.Contains(err.Error(), "secret") {
				t.Error(err)
			}
		})
	}
}

func TestLambdaErrors(t *testing.T) {
	sinktest.CheckCodes(t, func(t *testing.T) (*awsfake.Server, engine.Sink) {
		fake, cfg := sinktest.Start(t)
		return fake, New(cfg, function, "", SourceRecords)
	}, map[string]engine.Class{
		"TooManyRequestsException":       engine.Throttled,
		"EC2ThrottledException":          engine.Throttled,
		"ServiceException":               engine.Retryable,
		"ResourceConflictException":      engine.Retryable,
		"ResourceNotReadyException":      engine.Retryable,
		"InvalidRequestContentException": engine.Refused,
		"RequestTooLargeException":       engine.TooLarge,
		"AccessDeniedException":          engine.Permanent,
		"ResourceNotFoundException":      engine.Permanent,
		"RecursiveInvocationException":   engine.Permanent,
		"KMSDisabledException":           engine.Permanent,
	})
}

func TestLambdaExactSizes(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	l := New(cfg, function, "", SourceRecords)
	limits := l.Limits()
	doc := func(size int) engine.Record {
		return engine.Record{Raw: []byte(`"` + strings.Repeat("x", size-3) + `"`)}
	}
	for _, n := range []int{1, 2, 7} {
		batch := make([]engine.Record, n)
		left := limits.Bytes - limits.PerBatch
		for i := range batch {
			size := left / (n - i)
			batch[i] = doc(size)
			left -= size
		}
		if o := l.Send(t.Context(), batch); !o.OK() {
			t.Errorf("%d records: %v", n, o.Err(0))
		}
		calls := fake.Calls()
		if got := calls[len(calls)-1].Bytes; got != 1<<20 || got != limits.Bytes {
			t.Errorf("%d records have %d bytes", n, got)
		}
		batch[0] = doc(l.Sizer()(&batch[0]) + 1)
		if o := l.Send(t.Context(), batch); o.OK() || engine.ClassOf(o.Err(0)) != engine.TooLarge {
			t.Errorf("one byte more: %v", o.Err(0))
		}
	}
}

// TestLambdaPlan asserts that records of 1 MiB and less are split into events in order,
// and that a record fails if no event can hold it.
func TestLambdaPlan(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	recs := make([]engine.Record, 60)
	for i := range recs {
		recs[i] = sinktest.SourceRecord(i)
		recs[i].Raw = sinktest.SourceRaw("k", strings.Repeat("x", 50_000))
	}
	recs[7].Raw = sinktest.SourceRaw("k", strings.Repeat("x", 1<<20))
	recs[30].Raw = nil
	want := 0
	for i := range recs {
		if i != 7 && i != 30 {
			want += len(recs[i].Raw)
		}
	}
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{
		ID: "t", Sink: New(cfg, function, "", SourceRecords), Ordered: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), recs).Targets[0]
	if report.Delivered != 58 || report.Fate(7) != engine.FateFailed || report.Fate(30) != engine.FateFailed {
		t.Errorf("delivered %d: %v", report.Delivered, report.Failures)
	}
	got := 0
	for _, r := range fake.Records("lambda/orders") {
		got += len(r.Data)
	}
	if got != want {
		t.Errorf("%d bytes arrived; want %d", got, want)
	}
	if n := len(fake.Calls()); n > 10 {
		t.Errorf("%d invocations for %d bytes", n, got)
	}
}

func BenchmarkLambdaSend(b *testing.B) {
	open := func(form Form) engine.Sink {
		return New((&sinktest.Sinkhole{Status: http.StatusAccepted}).Config(), function, "", form)
	}
	recs := make([]engine.Record, 500)
	for i := range recs {
		recs[i] = sinktest.SourceRecord(i)
	}
	b.Run("source", func(b *testing.B) { sinktest.BenchmarkSend(b, open(SourceRecords), recs) })
	b.Run("plain", func(b *testing.B) { sinktest.BenchmarkSend(b, open(KinesisRecords), recs) })
	aggregate := sinktest.SourceRecord(0)
	aggregate.Raw = sinktest.SourceRaw("a", strings.Repeat("x", 1<<19))
	for i := range recs {
		recs[i] = sinktest.UserOf(aggregate, i, fmt.Sprint(i), "", strings.Repeat("x", 1000))
	}
	b.Run("user", func(b *testing.B) { sinktest.BenchmarkSend(b, open(KinesisRecords), recs) })
}
