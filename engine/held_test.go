package engine_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// letters splits a record into its letters. A letter is the key, and the data are the letter with
// the number of the record.
func letters() engine.Stage {
	return each("letters", func(r engine.Record, out *engine.Out) {
		for i, letter := range bytes.Split(r.Data.Bytes(), nil) {
			part := r.With(engine.Bytes(append(letter[:1:1], r.Seq...)))
			part.Key, part.Sub = string(letter), i+1
			out.Emit(part)
		}
	})
}

// The fate of a is unknown when time is over, so b of the same record comes again. Then
// the later b must come again too, even in a batch of its own.
func TestHeldBehindAPartOfUnknownFate(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			recs := records("ab b c")
			sink := &enginetest.Sink{Bounds: engine.Limits{Records: 2, OnePerKey: true}, Script: func(a enginetest.Attempt) error {
				if a.Record.Key == "a" && a.Attempt == 2 {
					time.Sleep(time.Hour)
				}
				if a.Record.Key == "a" && a.Attempt == 1 {
					return enginetest.ErrRetryable
				}
				return nil
			}}
			target := engine.Target{ID: "t", Sink: sink, Stages: []engine.Stage{letters()}, Ordered: ordered}
			report := runAll(t, ctx, engine.Options{Margin: time.Second}, recs, target).Targets[0]
			wantCounts(t, report, 2, 0, 1)
			if h := report.Held(0); h.All || h.Subs != nil {
				t.Errorf("ordered %t: of record 0 the target has %+v", ordered, h)
			}
			if h := report.Held(1); h.All == ordered {
				t.Errorf("ordered %t: of record 1 the target has %+v", ordered, h)
			}
			if h := report.Held(2); !h.All {
				t.Errorf("ordered %t: of record 2 the target has %+v", ordered, h)
			}
			time.Sleep(2 * time.Hour) // for the sink
		})
	}
}
