package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// run sends records through one target and returns its report.
func run(t *testing.T, target engine.Target, recs []engine.Record) engine.TargetReport {
	t.Helper()
	if target.ID == "" {
		target.ID = "target"
	}
	return runAll(t, t.Context(), engine.Options{}, recs, target).Targets[0]
}

func runAll(t *testing.T, ctx context.Context, o engine.Options, recs []engine.Record, targets ...engine.Target) *engine.Report {
	t.Helper()
	plan, err := engine.NewPlan(o, targets...)
	if err != nil {
		t.Fatal(err)
	}
	n := len(recs)
	report := plan.Run(ctx, recs)
	for _, tr := range report.Targets {
		if tr.Delivered+tr.Filtered+tr.Dropped+tr.Diverted+tr.Failed != n {
			t.Errorf("target %s: %d delivered + %d filtered + %d dropped + %d diverted + %d failed of %d",
				tr.ID, tr.Delivered, tr.Filtered, tr.Dropped, tr.Diverted, tr.Failed, n)
		}
	}
	return report
}

func wantCounts(t *testing.T, r engine.TargetReport, delivered, dropped, failed int) {
	t.Helper()
	if r.Delivered != delivered || r.Dropped != dropped || r.Failed != failed {
		t.Errorf("target %s: %d delivered, %d dropped, %d failed; want %d, %d, %d\n%v",
			r.ID, r.Delivered, r.Dropped, r.Failed, delivered, dropped, failed, r.Failures)
	}
}

func wantFailure(t *testing.T, r engine.TargetReport, text string) {
	t.Helper()
	if !slices.ContainsFunc(r.Failures, func(f engine.Failure) bool { return strings.Contains(f.Err.Error(), text) }) {
		t.Errorf("failures %v; want %q", r.Failures, text)
	}
}

func keyIs(keys ...string) func(*engine.Record) bool {
	return func(r *engine.Record) bool { return slices.Contains(keys, r.Key) }
}

func TestRunFindsTheRecordThatPanics(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Whole: func(_ context.Context, batch []engine.Record) error {
				if slices.ContainsFunc(batch, func(r engine.Record) bool { return r.Key == "e" }) {
					panic("secret")
				}
				return nil
			}}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered}, records("a b c d e f g h i j"))
			wantCounts(t, r, 9, 0, 1)
			wantFailure(t, r, "the sink panicked in fanout/engine_test.")
			if strings.Contains(r.Failures[0].Err.Error(), "secret") {
				t.Errorf("the error holds the panic's value: %v", r.Failures[0].Err)
			}
		})
	}
}

func TestRunFailsUnreadableRecordsEverywhere(t *testing.T) {
	recs := records("a b c")
	recs[1].Data = engine.Base64([]byte("not base64!"))
	a, b := &enginetest.Sink{}, &enginetest.Sink{}
	report := runAll(t, t.Context(), engine.Options{}, recs,
		engine.Target{ID: "a", Sink: a}, engine.Target{ID: "b", Sink: b, Stages: []engine.Stage{upper()}, Ordered: true})
	for _, r := range report.Targets {
		wantCounts(t, r, 2, 0, 1)
		wantFailure(t, r, "not valid base64")
		if r.Fate(0) != engine.FateDelivered || r.Fate(1) != engine.FateFailed {
			t.Errorf("fates %v %v", r.Fate(0), r.Fate(1))
		}
	}
	if data(a.Accepted()) != "a c" || data(b.Accepted()) != "A C" {
		t.Errorf("accepted %q and %q", data(a.Accepted()), data(b.Accepted()))
	}
}

func TestRunWithoutRecords(t *testing.T) {
	sink := &enginetest.Sink{}
	if r := run(t, engine.Target{Sink: sink, Stages: []engine.Stage{pairs()}, Ordered: true}, nil); r.Requests != 0 {
		t.Errorf("%d requests", r.Requests)
	}
}

// If a sink fails a record that was not in the request, the fates of the others are
// unknown.
func TestRunDoubtsASinkThatMiscounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, engine.Target{Sink: miscounting{}}, records("a b"))
		wantCounts(t, r, 0, 0, 2)
		wantFailure(t, r, "the sink failed record 7 of a request of 2")
	})
}

type miscounting struct{}

func (miscounting) Limits() engine.Limits           { return engine.Limits{} }
func (miscounting) Sizer() func(*engine.Record) int { return nil }
func (miscounting) Send(context.Context, []engine.Record) (o engine.Outcome) {
	o.Fail(7, errors.New("no"))
	return o
}

func (sending) Limits() engine.Limits           { return engine.Limits{} }
func (sending) Sizer() func(*engine.Record) int { return nil }
