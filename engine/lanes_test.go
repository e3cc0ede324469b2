package engine_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// A target with lanes has several requests of a shard in flight, each with other keys, and
// no more than its bounds allow. Requests stay as full as they are without lanes.
func TestLanes(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		target                 engine.Target
		records, keys          int
		requests, peak, rounds int
	}{
		{"one lane", engine.Target{}, 100, 100, 10, 1, 10},
		{"every record a key", engine.Target{Lanes: 4}, 100, 100, 12, 4, 3},
		{"a lane for each request", engine.Target{Lanes: 16}, 100, 100, 10, 10, 1},
		{"fewer requests at once than lanes", engine.Target{Lanes: 16, InFlight: 2}, 100, 100, 10, 2, 5},
		{"one key", engine.Target{Lanes: 16}, 20, 1, 20, 1, 20},
		{"as many keys as a request holds", engine.Target{Lanes: 16}, 100, 10, 10, 1, 10},
		{"more keys than a request holds", engine.Target{Lanes: 16}, 100, 20, 10, 2, 5},
		{"requests in order", engine.Target{OrderRequests: true}, 100, 1, 10, 1, 10},
		{"requests in order in lanes", engine.Target{OrderRequests: true, Lanes: 5}, 100, 10, 10, 5, 2},
		{"requests of few records", engine.Target{Lanes: 4, BatchRecords: 5}, 100, 100, 20, 4, 5},
		{"requests of few bytes", engine.Target{Lanes: 4, BatchBytes: 5}, 100, 100, 20, 4, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &enginetest.Sink{
					Bounds: engine.Limits{Records: 10, Bytes: 10, OnePerKey: true},
					Size:   func(*engine.Record) int { return 1 }, Whole: enginetest.Delay(time.Second),
				}
				target := tt.target
				target.Sink, target.Ordered = sink, true
				began := time.Now()
				r := run(t, target, keyed(tt.records, tt.keys))
				wantCounts(t, r, tt.records, 0, 0)
				rounds := int(time.Since(began) / time.Second)
				if r.Requests != tt.requests || sink.Peak() != tt.peak || rounds != tt.rounds {
					t.Errorf("%d requests, %d at once, in %d rounds; want %d, %d, %d", r.Requests, sink.Peak(), rounds, tt.requests, tt.peak, tt.rounds)
				}
				wantKeyOrder(t, sink)
			})
		})
	}
}

// keyed returns records of one shard that take turns in their keys.
func keyed(records, keys int) []engine.Record {
	recs := make([]engine.Record, records)
	for i := range recs {
		recs[i] = engine.Record{Lane: "shard", Key: fmt.Sprint("key-", i%keys), Seq: fmt.Sprintf("%06d", i), Data: engine.Bytes([]byte("data"))}
	}
	return recs
}

func wantKeyOrder(t *testing.T, sink *enginetest.Sink) {
	t.Helper()
	last := map[string]string{}
	for _, r := range sink.Accepted() {
		if r.Seq < last[r.Key] {
			t.Errorf("record %s of %s came after %s", r.Seq, r.Key, last[r.Key])
		}
		last[r.Key] = r.Seq
	}
}

// A record that fails blocks the later records of its key in whichever lane they are. Other
// keys go on in every lane.
func TestLanesBehindAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 2, OnePerKey: true}}
		sink.Script = func(a enginetest.Attempt) error {
			if a.Record.Key == "key-3" {
				return enginetest.ErrPermanent
			}
			return nil
		}
		r := run(t, engine.Target{Sink: sink, Ordered: true, Lanes: 4}, keyed(40, 8))
		wantCounts(t, r, 35, 0, 5)
		wantFailure(t, r, "an earlier record of its key failed")
	})
}

// No request begins before the request with earlier records of its lane has been delivered,
// so a record overtakes another only within a request.
func TestOrderRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 4, OnePerKey: true}}
		sink.Script = enginetest.FailTimes(1, enginetest.ErrRetryable, func(r *engine.Record) bool { return r.Seq == "000001" })
		r := run(t, engine.Target{Sink: sink, Ordered: true, OrderRequests: true}, keyed(8, 1))
		wantCounts(t, r, 8, 0, 0)
		var requests []string
		for _, request := range sink.Requests() {
			var seqs []string
			for _, r := range request {
				seqs = append(seqs, r.Seq[5:])
			}
			requests = append(requests, strings.Join(seqs, ""))
		}
		if got := strings.Join(requests, " "); got != "0123 1456 7" {
			t.Errorf("requests %s; want 0123 1456 7", got)
		}
	})
}

// Lanes keep the places where requests must begin.
func TestLanesKeepCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inFours := stage("in fours", func(_ context.Context, in []engine.Record, out *engine.Out) {
			for i, r := range in {
				if i%4 == 0 {
					out.Cut()
				}
				out.Emit(r)
			}
		})
		sink := &enginetest.Sink{Bounds: engine.Limits{Records: 5, OnePerKey: true}}
		wantCounts(t, run(t, engine.Target{Sink: sink, Ordered: true, Lanes: 4, Stages: []engine.Stage{inFours}}, keyed(20, 20)), 20, 0, 0)
		for _, request := range sink.Requests() {
			for _, r := range request {
				if a, b := request[0].Seq, r.Seq; number(t, a)/4 != number(t, b)/4 {
					t.Errorf("a request holds %s and %s", a, b)
				}
			}
		}
	})
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
