package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ordering measures the cost of order: one shard's records to a target with slow calls,
// in order and in any order.
type ordering struct {
	records int           // of an event
	latency time.Duration // of a call
	least   time.Duration // minimum time of a run
	keys    []int
	rates   []float64 // of calls that answer 500
	targets []orderedTarget
}

type orderedTarget struct{ name, attributes string }

// orderCost is the measurement in docs/reliability.md.
var orderCost = ordering{
	records: 1000, latency: 20 * time.Millisecond, least: 3 * time.Second,
	keys: []int{1, 10, 100, 10_000}, rates: []float64{0, 0.01, 0.05},
	targets: []orderedTarget{
		{"kinesis", "type: kinesis, destination: copy"},
		{"sqs", "type: sqs, collapse: none, destination: " + queues + "queue.fifo"},
	},
}

// maxEvents is the limit of events in a run.
const maxEvents = 200

// pace is the number of records per second, in any order and in order.
type pace struct{ any, ordered float64 }

// run measures every combination, a few concurrently: they wait most of the time.
func (o *ordering) run(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "reliability")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }() // otherwise the system cleans it
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		wrong []error
		paces = make([][]pace, len(o.targets)*len(o.keys))
		room  = make(chan struct{}, 4)
	)
	for i := range paces {
		paces[i] = make([]pace, len(o.rates))
		t, keys := o.targets[i/len(o.keys)], o.keys[i%len(o.keys)]
		for k, rate := range o.rates {
			wg.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				file := filepath.Join(dir, fmt.Sprintf("%d-%d.yaml", i, k))
				unordered, err1 := o.measure(ctx, file, t, keys, rate, false)
				ordered, err2 := o.measure(ctx, file, t, keys, rate, true)
				mu.Lock()
				defer mu.Unlock()
				paces[i][k], wrong = pace{unordered, ordered}, append(wrong, err1, err2)
			})
		}
	}
	wg.Wait()
	return o.table(paces), errors.Join(wrong...)
}

// measure delivers events and returns the number of records per second.
func (o *ordering) measure(ctx context.Context, file string, t orderedTarget, keys int, rate float64, ordered bool) (float64, error) {
	text := fmt.Sprintf("targets: [{sourceArn: '%s', id: target, active: true, parallel: %t, %s}]\n", stream, !ordered, t.attributes)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return 0, err
	}
	src := &source{shards: 1, records: maxEvents * o.records, keys: keys}
	to := &destination{log: newLog(src.records, keys), ways: []way{fails}}
	h, err := newHandler(file, "", &http.Client{Transport: &service{
		latency: o.latency, rate: rate, logs: map[string]*destination{t.name: to},
	}}, 32)
	if err != nil {
		return 0, err
	}
	start, done := time.Now(), 0
	for done < src.records && (done == 0 || time.Since(start) < o.least) {
		if done, err = src.invoke(ctx, h, done, done+o.records); err != nil {
			return 0, err
		}
	}
	took := time.Since(start)
	if l := to.log; l.distinct != done || ordered && l.inversions > 0 {
		err = fmt.Errorf("%s, %d keys, %.0f %% faults, ordered %t: %d records of %d arrived, %d behind a later one of their key",
			t.name, keys, 100*rate, ordered, l.distinct, done, l.inversions)
	}
	return float64(done) / took.Seconds(), err
}

// table returns the paces in Markdown.
func (o *ordering) table(paces [][]pace) string {
	var b strings.Builder
	b.WriteString("| target | keys |")
	for _, rate := range o.rates {
		fmt.Fprintf(&b, " %.0f %% faults |", 100*rate)
	}
	b.WriteString("\n|---|--:|" + strings.Repeat("--:|", len(o.rates)) + "\n")
	for i, row := range paces {
		fmt.Fprintf(&b, "| %s | %s |", o.targets[i/len(o.keys)].name, thousands(o.keys[i%len(o.keys)]))
		for _, p := range row {
			fmt.Fprintf(&b, " %s / %s (%.3g ×) |", thousands(int(p.ordered)), thousands(int(p.any)), p.any/p.ordered)
		}
		b.WriteString("\n")
	}
	return b.String()
}
