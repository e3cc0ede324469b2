package engine_test

import (
	"context"
	"testing"
	"testing/synctest"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// A retry of a whole request does not copy the records. A retry of a part holds the part.
func TestRetryCopiesNoRecords(t *testing.T) {
	failing := engine.Errorf(engine.Retryable, "not now")
	for name, ordered := range map[string]bool{"any order": false, "in order": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var first []*engine.Record // of each request, where it is in memory
				s := &enginetest.Sink{Bounds: engine.Limits{Records: 3, OnePerKey: true}}
				s.Whole = func(_ context.Context, batch []engine.Record) error {
					if first = append(first, &batch[0]); len(first) == 1 {
						return failing
					}
					return nil
				}
				s.Script = func(a enginetest.Attempt) error {
					if a.Request == 2 && a.Record.Key != "b" {
						return failing
					}
					return nil
				}
				recs := []engine.Record{{Key: "a"}, {Key: "b"}, {Key: "c"}}
				wantCounts(t, run(t, engine.Target{Sink: s, Ordered: ordered}, recs), 3, 0, 0)
				if len(first) != 3 {
					t.Fatalf("%d requests, want 3", len(first))
				}
				if first[1] != first[0] {
					t.Error("the records of a request that failed as a whole were copied")
				}
				if first[2] == first[0] {
					t.Error("the rest of a request is where the whole was")
				}
			})
		})
	}
}
