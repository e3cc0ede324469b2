package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
)

var update = flag.Bool("update", false, "write the table of hanging targets into docs/reliability.md")

// starvation is one invocation with targets that hang until its end. Time is virtual.
type starvation struct {
	targets, hanging int
	inFlight         int // limit of the hanging targets; 0: their share
	slots            int
	requests         int           // of each target, with one record each
	latency          time.Duration // of each request of a healthy target
	copied           int           // KiB that each request copies
}

// starvations are the rows of the table.
var starvations = []starvation{
	{2, 1, 0, 32, 1000, 20 * time.Millisecond, 0},
	{2, 1, 32, 32, 1000, 20 * time.Millisecond, 0},
	{20, 10, 0, 32, 100, 20 * time.Millisecond, 0},
	{20, 16, 0, 16, 100, 20 * time.Millisecond, 0},
	{20, 16, 32, 16, 100, 20 * time.Millisecond, 0},
	{300, 60, 0, 32, 10, 20 * time.Millisecond, 0},
	{300, 150, 0, 32, 10, 20 * time.Millisecond, 0},
	{300, 150, 0, 16, 10, 20 * time.Millisecond, 0},
	{300, 150, 0, 32, 10, time.Second, 0},
	{300, 150, 0, 32, 6, 20 * time.Millisecond, 1024},
	{300, 150, 0, 16, 6, 20 * time.Millisecond, 1024},
	{300, 150, 0, 16, 6, 20 * time.Millisecond, 256},
	{20, 10, 0, 16, 6, 20 * time.Millisecond, 1024},
	{300, 299, 0, 16, 10, 20 * time.Millisecond, 0},
	{300, 0, 0, 32, 10, 20 * time.Millisecond, 0},
}

// deadline is the end of the simulated invocation, unless it finishes before.
const deadline = time.Minute

// run returns the number of healthy targets that got everything, the time when their last
// record arrived, and the peak of requests in flight.
func (s starvation) run(t *testing.T) (complete int, last time.Duration, peak int) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		start := time.Now()
		var mu sync.Mutex
		inFlight := 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			inFlight += n
			peak = max(peak, inFlight)
		}
		var targets []engine.Target
		for i := range s.targets {
			hangs := (i+1)*s.hanging/s.targets > i*s.hanging/s.targets // evenly among the others
			out := engine.Target{ID: fmt.Sprint(i)}
			latency := s.latency
			if hangs {
				out.InFlight, latency = s.inFlight, time.Hour
			}
			out.Sink = &enginetest.Sink{Bounds: engine.Limits{Records: 1, Copies: s.copied > 0}, Size: func(*engine.Record) int { return s.copied << 10 }, Whole: func(ctx context.Context, batch []engine.Record) error {
				count(1)
				defer count(-1)
				err := enginetest.Delay(latency)(ctx, batch)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					last = time.Since(start)
				}
				return err
			}}
			targets = append(targets, out)
		}
		plan, err := engine.NewPlan(engine.Options{Slots: engine.NewSlots(s.slots), Margin: time.Second}, targets...)
		if err != nil {
			t.Fatal(err)
		}
		recs := make([]engine.Record, s.requests)
		for i := range recs {
			recs[i] = engine.Record{Lane: "shard", Key: fmt.Sprint(i), Seq: fmt.Sprint(i), Data: engine.Bytes([]byte("data"))}
		}
		for _, r := range plan.Run(ctx, recs).Targets {
			if r.Delivered == s.requests {
				complete++
			}
		}
	})
	return complete, last, peak
}

// starvationTable returns the table with the results of all rows.
func starvationTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| targets | hanging | their `inFlight` | slots | requests of each | copied by each request | latency | healthy ones with everything | after | most in flight |\n")
	b.WriteString("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range starvations {
		complete, last, peak := s.run(t)
		if want := s.targets - s.hanging; complete != want {
			t.Errorf("%+v: %d of %d healthy targets got everything", s, complete, want)
		}
		own := "share"
		if s.inFlight > 0 {
			own = fmt.Sprint(s.inFlight)
		}
		copied := "—"
		if s.copied > 0 {
			copied = fmt.Sprint(s.copied, " KiB")
		}
		fmt.Fprintf(&b, "| %d | %d | %s | %d | %d | %s | %v | %d of %d | %.1f s | %d |\n", s.targets, s.hanging, own, s.slots, s.requests,
			copied, s.latency, complete, s.targets-s.hanging, last.Seconds(), peak)
	}
	return b.String()
}

// TestStarvation asserts that every healthy target gets all its records in the first
// invocation, however many targets hang.
func TestStarvation(t *testing.T) {
	got := starvationTable(t)
	t.Log("\n" + got)
	if *update {
		if err := write(document, "starvation", got); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, want, _, err := cut(string(text), "starvation")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sure(want), sure(got)); diff != "" {
		t.Errorf("run make reliability (-want +got)\n%s", diff)
	}
}

// sure returns the lines of a table without the last two columns, which depend slightly
// on the order in which goroutines run.
func sure(table string) (lines []string) {
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		lines = append(lines, strings.Join(cells[:max(0, len(cells)-3)], "|"))
	}
	return lines
}
