package enginetest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// The scripted sink passes the suite that uses it.
func TestCheckSinkOnTheScriptedSink(t *testing.T) {
	enginetest.CheckSink(t, func(*testing.T) enginetest.SinkHarness {
		refuse, broken := -1, false
		s := &enginetest.Sink{}
		s.Script = func(a enginetest.Attempt) error {
			if a.Index == refuse {
				refuse = -1
				return enginetest.ErrRetryable
			}
			return nil
		}
		s.Whole = func(ctx context.Context, _ []engine.Record) error {
			if broken {
				return enginetest.ErrThrottled
			}
			return ctx.Err()
		}
		return enginetest.SinkHarness{
			Sink: s,
			Accepted: func() (data [][]byte) {
				for _, r := range s.Accepted() {
					data = append(data, r.Data.Bytes())
				}
				return data
			},
			Refuse: func(i int) { refuse = i },
			Break:  func() { broken = true },
		}
	})
}

func TestFakeCountsAttemptsAndRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []enginetest.Attempt
		s := &enginetest.Sink{Script: func(a enginetest.Attempt) error {
			seen = append(seen, a)
			return enginetest.FailTimes(1, enginetest.ErrPlain, func(*engine.Record) bool { return true })(a)
		}, Whole: enginetest.Delay(time.Second)}
		batch := []engine.Record{{Seq: "1"}, {Seq: "2"}}
		if o := s.Send(t.Context(), batch); o.OK() {
			t.Error("the first attempt succeeded")
		}
		if o := s.Send(t.Context(), batch[1:]); !o.OK() {
			t.Error("the second attempt failed")
		}
		if len(seen) != 3 || seen[2].Attempt != 2 || seen[2].Request != 2 || seen[2].Index != 0 || seen[1].Index != 1 {
			t.Errorf("attempts %+v", seen)
		}
		if len(s.Accepted()) != 1 || len(s.Requests()) != 2 || s.Peak() != 1 {
			t.Errorf("%d accepted, %d requests, peak %d", len(s.Accepted()), len(s.Requests()), s.Peak())
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if o := s.Send(ctx, batch); o.OK() {
			t.Error("Delay ignored its context")
		}
	})
}
