package lambda

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"weak"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// TestLambdaAllocatesNoEvent asserts that an event of many source records is never
// allocated as one piece.
func TestLambdaAllocatesNoEvent(t *testing.T) {
	const n, raw = 500, 1000
	recs := make([]engine.Record, n)
	for i := range recs {
		recs[i].Raw = sinktest.SourceRaw("k", strings.Repeat("x", raw))
	}
	l := New((&sinktest.Sinkhole{Status: http.StatusAccepted}).Config(), function, "", SourceRecords)
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := allocated()
	const requests = 20 // some find no buffer to reuse
	for range requests {
		if o := l.Send(t.Context(), recs); !o.OK() {
			t.Fatal(o.Err(0))
		}
	}
	if got := (allocated() - before) / requests; got > n*raw/2 {
		t.Errorf("a request of %d bytes allocates %d", n*raw, got)
	}
}

// TestLambdaKeepsNoEvent asserts that the sink does not keep an event's memory after its
// delivery.
func TestLambdaKeepsNoEvent(t *testing.T) {
	w := &sinktest.Wire{Status: http.StatusAccepted}
	l := New(w.Config(), function, "", KinesisRecords)
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: l})
	if err != nil {
		t.Fatal(err)
	}
	event := func() weak.Pointer[byte] {
		r := sinktest.SourceRecord(0)
		recs := []engine.Record{sinktest.UserOf(r, 0, "a", "", "one"), sinktest.UserOf(r, 1, "b", "", "two")}
		if n := plan.Run(t.Context(), recs).Targets[0].Delivered; n != 2 {
			t.Fatalf("%d records are delivered", n)
		}
		return weak.Make(&r.Raw[0])
	}()
	for range 100 { // the plan's goroutines may still be ending
		if runtime.GC(); event.Value() == nil {
			runtime.KeepAlive(plan)
			return
		}
	}
	t.Error("the record of an event is kept when it has been delivered")
}
