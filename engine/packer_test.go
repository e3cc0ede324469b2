package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
)

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
		{"too large for a record", engine.Limits{RecordBytes: 2}, nil, "a bbb c", "a|c", "the record counts as 3 bytes, but the target accepts at most 2 per record"},
		{"too large for a request", engine.Limits{Bytes: 4, PerBatch: 1}, nil, "bbbb a", "a", "the record counts as 4 bytes, but the target accepts at most 3 per request"},
		{"only too large", engine.Limits{RecordBytes: 1}, nil, "bbbb aa", "", "at most 1 per record"},
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
