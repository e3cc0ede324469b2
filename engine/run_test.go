package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
		if tr.Delivered+tr.Dropped+tr.Diverted+tr.Failed != n {
			t.Errorf("target %s: %d delivered + %d dropped + %d diverted + %d failed of %d",
				tr.ID, tr.Delivered, tr.Dropped, tr.Diverted, tr.Failed, n)
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

func TestRunPacksToLimits(t *testing.T) {
	for _, c := range []struct {
		name     string
		limits   engine.Limits
		size     func(*engine.Record) int
		in       string
		requests string
		failed   string
	}{
		{"no limits", engine.Limits{}, nil, "a b c", "a b c", ""},
		{"records", engine.Limits{Records: 2}, nil, "a b c d e", "a b|c d|e", ""},
		{"bytes", engine.Limits{Bytes: 5}, nil, "aa bbb c dddd e", "aa bbb|c dddd|e", ""},
		{"bytes with framing", engine.Limits{Bytes: 7, PerBatch: 2}, nil, "aa bbb c dddd e", "aa bbb|c dddd|e", ""},
		{"own sizes", engine.Limits{Bytes: 6}, func(r *engine.Record) int { return r.Data.Len() + len(r.Key) }, "aa b cc", "aa b|cc", ""},
		{"too large for a record", engine.Limits{RecordBytes: 2}, nil, "a bbb c", "a|c", "the record counts 3 bytes and the target takes 2 a record"},
		{"too large for a request", engine.Limits{Bytes: 4, PerBatch: 1}, nil, "bbbb a", "a", "the record counts 4 bytes and the target takes 3 a request"},
		{"only too large", engine.Limits{RecordBytes: 1}, nil, "bbbb aa", "", "takes 1 a record"},
	} {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/ordered=%v", c.name, ordered), func(t *testing.T) {
				sink := &enginetest.Sink{Bounds: c.limits, Size: c.size}
				r := run(t, engine.Target{Sink: sink, Ordered: ordered, InFlight: 1}, records(c.in))
				var got []string
				for _, b := range sink.Requests() {
					got = append(got, data(b))
				}
				if strings.Join(got, "|") != c.requests {
					t.Errorf("requests %q, want %q", strings.Join(got, "|"), c.requests)
				}
				if c.failed != "" {
					wantFailure(t, r, c.failed)
				} else if r.Failed > 0 {
					t.Errorf("failures: %v", r.Failures)
				}
			})
		}
	}
}

func TestRunRespectsCuts(t *testing.T) {
	thirds := stage("thirds", func(_ context.Context, in []engine.Record, out *engine.Out) {
		for i, r := range in {
			if i%3 == 0 {
				out.Cut()
			}
			out.Emit(r)
		}
	})
	for _, ordered := range []bool{false, true} {
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 2, RecordBytes: 1}}
		r := run(t, engine.Target{Stages: []engine.Stage{thirds, upper()}, Sink: sink, Ordered: ordered, InFlight: 1},
			records("a b c dd e ff g h"))
		wantCounts(t, r, 6, 0, 2)
		var got []string
		for _, b := range sink.Requests() {
			got = append(got, data(b))
		}
		if want := "A B|C|E|G H"; strings.Join(got, "|") != want {
			t.Errorf("ordered=%v: requests %q, want %q", ordered, strings.Join(got, "|"), want)
		}
	}
}

func TestRunRetries(t *testing.T) {
	for _, c := range []struct {
		name      string
		script    func(enginetest.Attempt) error
		delivered int
		failure   string
		requests  int
		throttled int
	}{
		{"partial", enginetest.FailTimes(1, enginetest.ErrRetryable, keyIs("b", "d")), 5, "", 2, 0},
		{"throttled", enginetest.FailTimes(2, enginetest.ErrThrottled, keyIs("b")), 5, "", 3, 2},
		{"an error without a class", enginetest.FailTimes(1, enginetest.ErrPlain, keyIs("b")), 5, "", 2, 0},
		{"permanent", enginetest.FailTimes(1, enginetest.ErrPermanent, keyIs("b")), 4, "never", 1, 0},
		{"too large alone", enginetest.FailTimes(1, enginetest.ErrTooLarge, keyIs("b")), 4, "too large", 1, 0},
		{"for ever", enginetest.FailTimes(1000, enginetest.ErrRetryable, keyIs("b")), 4, "gave up after 8 attempts", 8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &enginetest.Sink{Script: c.script}
				r := run(t, engine.Target{Sink: sink}, records("a b c d e"))
				wantCounts(t, r, c.delivered, 0, 5-c.delivered)
				if r.Requests != c.requests || r.Retries != c.requests-1 || r.Throttled != c.throttled {
					t.Errorf("%d requests, %d retries, %d throttled; want %d, %d, %d",
						r.Requests, r.Retries, r.Throttled, c.requests, c.requests-1, c.throttled)
				}
				if c.failure != "" {
					wantFailure(t, r, c.failure)
				}
				if n := len(sink.Accepted()); n != c.delivered {
					t.Errorf("%d accepted, want each of %d once", n, c.delivered)
				}
			})
		})
	}
}

// Progress on records sent again resets the count of attempts, so that a throttled
// stream takes a large request bit by bit.
func TestRunGoesOnWhileThereIsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
			if a.Index > 0 {
				return enginetest.ErrThrottled // one record a request
			}
			return nil
		}}
		r := run(t, engine.Target{Sink: sink}, records(strings.Repeat("x ", 40)))
		wantCounts(t, r, 40, 0, 0)
	})
}

func TestRunWaitsBeforeRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		sink := &enginetest.Sink{Script: enginetest.FailTimes(1, &engine.Error{
			Class: engine.Throttled, After: 3 * time.Second, Err: errors.New("slow down"),
		}, keyIs("a"))}
		wantCounts(t, run(t, engine.Target{Sink: sink}, records("a")), 1, 0, 0)
		if took := time.Since(start); took < 3*time.Second {
			t.Errorf("sent again after %v; the service asked for 3s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		retry := engine.Retry{Attempts: 20, Base: time.Millisecond, Max: 10 * time.Millisecond}
		sink := &enginetest.Sink{Script: enginetest.FailTimes(19, enginetest.ErrRetryable, keyIs("a"))}
		wantCounts(t, run(t, engine.Target{Sink: sink, Retry: retry}, records("a")), 1, 0, 0)
		if took := time.Since(start); took > 19*10*time.Millisecond {
			t.Errorf("19 waits of at most 10ms took %v", took)
		}
	})
}

func TestRunHalvesWhatIsTooLarge(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Whole: func(_ context.Context, batch []engine.Record) error {
				if len(batch) > 3 {
					return enginetest.ErrTooLarge
				}
				return nil
			}}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered}, records("a b c d e f g h i j"))
			wantCounts(t, r, 10, 0, 0)
			if got := data(sink.Accepted()); got != "a b c d e f g h i j" {
				t.Errorf("accepted %q", got)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			sink := &enginetest.Sink{Whole: func(context.Context, []engine.Record) error { return enginetest.ErrTooLarge }}
			r := run(t, engine.Target{Sink: sink, Ordered: ordered}, records("a b c d e"))
			wantCounts(t, r, 0, 0, 5)
			wantFailure(t, r, "too large")
		})
	}
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

func TestRunIsolatesTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		var healthyDone time.Duration
		healthy := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: func(context.Context, []engine.Record) error {
			time.Sleep(10 * time.Millisecond)
			healthyDone = time.Since(start)
			return nil
		}}
		panicking := each("panicking", func(engine.Record, *engine.Out) { panic("no") })
		report := runAll(t, ctx, engine.Options{Slots: engine.NewSlots(8), Margin: time.Second}, records("a b c d"),
			engine.Target{ID: "hangs", Sink: &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(time.Hour)}},
			engine.Target{ID: "fails", Sink: &enginetest.Sink{Script: enginetest.FailTimes(1000, enginetest.ErrThrottled, keyIs("a", "b", "c", "d"))}},
			engine.Target{ID: "panics", Stages: []engine.Stage{panicking}, Sink: &enginetest.Sink{}},
			engine.Target{ID: "healthy", Sink: healthy},
			engine.Target{ID: "faulty", Fault: errors.New("destination: empty")},
		)
		wantCounts(t, report.Targets[0], 0, 0, 4)
		wantCounts(t, report.Targets[1], 0, 0, 4)
		wantCounts(t, report.Targets[2], 0, 0, 4)
		wantCounts(t, report.Targets[3], 4, 0, 0)
		wantCounts(t, report.Targets[4], 0, 0, 4)
		wantFailure(t, report.Targets[4], "destination: empty")
		if healthyDone > time.Second {
			t.Errorf("the healthy target was done after %v", healthyDone)
		}
		if report.OK() || !report.Failed(0) {
			t.Error("the report says that all is well")
		}
	})
}

func TestRunBoundsRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func() *enginetest.Sink {
			return &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(100 * time.Millisecond)}
		}
		own, shared := slow(), slow()
		runAll(t, t.Context(), engine.Options{Slots: engine.NewSlots(8)}, records("a b c d e f g h i j k l"),
			engine.Target{ID: "own", Sink: own, InFlight: 2}, engine.Target{ID: "shared", Sink: shared})
		if own.Peak() != 2 || shared.Peak() != 4 {
			t.Errorf("%d and %d in flight; want 2 and 4", own.Peak(), shared.Peak())
		}
		both := slow()
		runAll(t, t.Context(), engine.Options{Slots: engine.NewSlots(0)}, records("a b c"),
			engine.Target{ID: "one", Sink: both}, engine.Target{ID: "two", Sink: both})
		if both.Peak() != 1 {
			t.Errorf("%d in flight; want 1", both.Peak())
		}
	})
}

func TestRunDeadline(t *testing.T) {
	for _, c := range []struct {
		name    string
		left    time.Duration
		sink    *enginetest.Sink
		within  time.Duration
		failure string
	}{
		{"hangs until its context ends", 10 * time.Second, &enginetest.Sink{Whole: enginetest.Delay(time.Hour)}, 9 * time.Second, "deadline"},
		{"ignores its context", 10 * time.Second, &enginetest.Sink{Whole: func(context.Context, []engine.Record) error {
			time.Sleep(time.Hour)
			return nil
		}}, 9500 * time.Millisecond, "did not return in time"},
		{"waits between retries", 2 * time.Second, &enginetest.Sink{Whole: func(context.Context, []engine.Record) error {
			return &engine.Error{Class: engine.Throttled, After: time.Minute, Err: errors.New("slow down")}
		}}, 0, "no time was left to try again: slow down"},
		{"is near from the start", 100 * time.Millisecond, &enginetest.Sink{}, 0, "the deadline came before it was sent"},
	} {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/ordered=%v", c.name, ordered), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), c.left)
					defer cancel()
					start := time.Now()
					report := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a b c"), engine.Target{ID: "t", Sink: c.sink, Ordered: ordered})
					if took := time.Since(start); took != c.within {
						t.Errorf("took %v, want %v", took, c.within)
					}
					wantCounts(t, report.Targets[0], 0, 0, 3)
					wantFailure(t, report.Targets[0], c.failure)
					time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
				})
			})
		}
	}
}

// The answer is on time even if less time is left than the margin.
func TestRunReturnsBeforeANearDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		hanging := each("hanging", func(engine.Record, *engine.Out) { time.Sleep(time.Hour) })
		report := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a"),
			engine.Target{ID: "t", Sink: &enginetest.Sink{}, Stages: []engine.Stage{hanging}})
		if took := time.Since(start); took >= 100*time.Millisecond {
			t.Errorf("took %v of 100ms", took)
		}
		wantCounts(t, report.Targets[0], 0, 0, 1)
		time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
	})
}

// A source record with one delivered part has failed if a sink hung on another.
func TestRunFailsWhatAHangLeavesHalfDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		recs := records("x y")
		recs[0].Data, recs[1].Data = engine.Bytes([]byte("one two")), engine.Bytes([]byte("three four"))
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 3}, Script: func(a enginetest.Attempt) error {
			if a.Request == 2 {
				time.Sleep(time.Hour)
			}
			return nil
		}}
		report := runAll(t, ctx, engine.Options{Margin: time.Second}, recs,
			engine.Target{ID: "t", Stages: []engine.Stage{Words{}}, Sink: sink, Ordered: true})
		wantCounts(t, report.Targets[0], 1, 0, 1)
		time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
	})
}

func TestRunStopsWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 1}, Whole: enginetest.Delay(900 * time.Millisecond)}
		report := runAll(t, ctx, engine.Options{}, records("a b c"), engine.Target{ID: "t", Sink: sink, Ordered: true})
		wantCounts(t, report.Targets[0], 1, 0, 2)
		wantFailure(t, report.Targets[0], "the run was stopped before it was sent")
	})
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

// A source record is delivered if all its parts are, and fails if any part fails.
func TestRunCountsSourceRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recs := records("x x x")
		recs[0].Data = engine.Bytes([]byte("one two three"))
		recs[1].Data = engine.Bytes([]byte("four bad"))
		recs[2].Data = engine.Bytes(nil)
		sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
			if string(a.Record.Data.Bytes()) == "bad" {
				return enginetest.ErrPermanent
			}
			return nil
		}}
		r := run(t, engine.Target{Sink: sink, Stages: []engine.Stage{Words{}}}, recs)
		wantCounts(t, r, 1, 1, 1)
		if r.Fate(0) != engine.FateDelivered || r.Fate(1) != engine.FateFailed || r.Fate(2) != engine.FateDropped {
			t.Errorf("fates %v %v %v", r.Fate(0), r.Fate(1), r.Fate(2))
		}
		merged := run(t, engine.Target{Sink: &enginetest.Sink{Script: enginetest.FailTimes(9, enginetest.ErrPermanent, keyIs("c"))},
			Stages: []engine.Stage{pairs()}}, records("a b c d"))
		wantCounts(t, merged, 2, 0, 2)
	})
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

func TestReportListsTheFirstReasons(t *testing.T) {
	sink := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
		return engine.Errorf(engine.Permanent, "reason %d", a.Index/2)
	}}
	r := run(t, engine.Target{Sink: sink}, records(strings.Repeat("x ", 20)))
	if len(r.Failures) != 5 || r.Failures[1].Count != 2 || r.Failures[1].Seq != "102" || r.Failures[1].Lane != "shard-0" {
		t.Errorf("failures %+v", r.Failures)
	}
}

// A record that a target has is not sent there again, regardless of the stages.
// Records behind it are sent.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		two := pairs()
		all, some, none := &enginetest.Sink{}, &enginetest.Sink{}, &enginetest.Sink{}
		plan, err := engine.NewPlan(engine.Options{},
			engine.Target{ID: "all", Sink: all, Stages: []engine.Stage{two}},
			engine.Target{ID: "some", Sink: some, Stages: []engine.Stage{two}, Ordered: true},
			engine.Target{ID: "none", Sink: none, Stages: []engine.Stage{two}},
			engine.Target{ID: "faulty", Fault: enginetest.ErrPermanent},
		)
		if err != nil {
			t.Fatal(err)
		}
		report := plan.Resume(t.Context(), records("a b c d"), func(target, record int) engine.Held {
			return engine.Held{All: target == 2 || target == 1 && record%2 == 0 || target == 3}
		})
		for i, want := range []struct {
			data          string
			sent, already int
		}{{"ab cd", 4, 0}, {"bd", 2, 2}, {"", 0, 4}, {"", 0, 4}} {
			if i < 3 {
				if got := data([]*enginetest.Sink{all, some, none}[i].Accepted()); got != want.data {
					t.Errorf("target %d got %q, want %q", i, got, want.data)
				}
			}
			wantCounts(t, report.Targets[i], want.sent, 0, 0)
			if got := report.Targets[i].Already; got != want.already {
				t.Errorf("target %d had %d already, want %d", i, got, want.already)
			}
		}
	})
}

// sending is a sink that calls a function to send.
type sending func() engine.Outcome

func (sending) Limits() engine.Limits           { return engine.Limits{} }
func (sending) Sizer() func(*engine.Record) int { return nil }

func (s sending) Send(context.Context, []engine.Record) engine.Outcome { return s() }

// A run is idle when nothing can use its records any more.
func TestRunIsIdle(t *testing.T) {
	slow := &enginetest.Sink{Whole: enginetest.Delay(time.Minute)}
	never := sending(func() engine.Outcome { return engine.Failed(engine.Errorf(engine.Permanent, "no")) })
	for name, c := range map[string]struct {
		target engine.Target
		idle   bool
	}{
		"delivered":             {engine.Target{Sink: &enginetest.Sink{}}, true},
		"refused":               {engine.Target{Sink: never}, true},
		"cut short":             {engine.Target{Sink: slow}, false},
		"hangs":                 {engine.Target{Sink: sending(func() engine.Outcome { time.Sleep(time.Hour); return engine.Outcome{} })}, false},
		"panics":                {engine.Target{Sink: sending(func() engine.Outcome { panic("x") })}, false},
		"cut short in fallback": {engine.Target{Sink: never, Ordered: true, OnFailure: &engine.Fallback{ID: "f", Sink: slow}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				c.target.ID = "t"
				report := runAll(t, ctx, engine.Options{Margin: time.Second}, records("a b"), c.target)
				if report.Idle != c.idle {
					t.Errorf("idle: %v, want %v", report.Idle, c.idle)
				}
				time.Sleep(2 * time.Hour) // for sinks and stages that ignore their context
			})
		})
	}
}
