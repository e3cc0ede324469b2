package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"fanout/lambda"
)

// million is a long run: the shards of a stream, each read by one invocation at a time as
// in Lambda, and targets with random failures.
type million struct {
	records int     // in all
	shards  int     // read at once
	batch   int     // records of an invocation
	keys    int     // of a shard
	rate    float64 // share of failing requests of each target
	every   int     // records between two measurements of the heap
}

// longRun is the run in docs/reliability.md.
var longRun = million{records: 1_000_000, shards: 8, batch: 1000, keys: 125, rate: 0.05, every: 50_000}

// longTarget is a target of a long run.
type longTarget struct {
	name, attributes string
	ordered          bool
	memory           func(d *destination) memory // nil: none
	single           bool                        // a request is taken as a whole, so no part can be refused
}

var longTargets = []longTarget{
	{name: "kinesis", attributes: "type: kinesis, destination: copy", ordered: true},
	{name: "sqs", attributes: "type: sqs, collapse: none, destination: " + queues + "queue.fifo", ordered: true, memory: inLog},
	{name: "firehose", attributes: "type: firehose, destination: lake"},
	{name: "es", attributes: "type: es, destination: 'http://search#orders'", memory: inLog},
	{name: "eventbridge", attributes: "type: eventbridge, destination: bus", ordered: true},
	{
		name: "stepfunctions", attributes: "type: stepfunctions, collapse: none, destination: 'arn:aws:states:eu-west-1:123456789012:stateMachine:machine'", ordered: true, single: true,
		memory: func(d *destination) memory { return newByID(len(d.log.arrivals)) },
	},
	{
		name: "s3", attributes: "type: s3, destination: s3://lake/orders", ordered: true, single: true,
		memory: func(d *destination) memory { return newByID(len(d.log.arrivals)) },
	},
	{
		name: "http", attributes: "type: http, collapse: none, lanes: 4, destination: '%s/orders'", ordered: true, single: true,
		memory: func(d *destination) memory { return newByID(len(d.log.arrivals)) },
	},
	{
		name: "dynamodb", attributes: "type: dynamodb, transform: '{id: $key, n}', destination: copy", ordered: true, single: true,
		memory: func(d *destination) memory { return make(items, len(d.log.latest)) },
	},
}

func inLog(d *destination) memory { return byNumber{d.log} }

// destination returns the target before a run.
func (t *longTarget) destination(m *million) *destination {
	d := &destination{log: newLog(m.records, m.shards*m.keys), ways: []way{fails, throttles, breaks, mutes, picks}}
	if t.single {
		d.ways = []way{fails, throttles, breaks, mutes}
	}
	if t.memory != nil {
		d.memory = t.memory(d)
	}
	return d
}

// figures are the results of a long run.
type figures struct {
	took    time.Duration
	heap    []uint64 // bytes in use after a collection
	resent  int      // invocations that reported a failure
	records int
	targets map[string]*destination
}

// run delivers all records.
func (m *million) run(ctx context.Context) (f figures, err error) {
	dir, err := os.MkdirTemp("", "reliability")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f = figures{records: m.records, targets: make(map[string]*destination)}
	s := &service{rate: m.rate, logs: f.targets}
	web := httptest.NewServer(s)
	defer web.Close()
	text := "targets:\n"
	for _, t := range longTargets {
		attributes := strings.ReplaceAll(t.attributes, "%s", web.URL)
		text += fmt.Sprintf("- {sourceArn: '%s', id: %s, active: true, parallel: %t, %s}\n", stream, t.name, !t.ordered, attributes)
		f.targets[t.name] = t.destination(m)
	}
	file := filepath.Join(dir, "targets.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return f, err
	}
	h, err := newHandler(file, "", &http.Client{Transport: s}, 64)
	if err != nil {
		return f, err
	}
	return f, m.read(ctx, h, &f)
}

// read reads all shards to their ends concurrently. After each stretch it waits for all
// of them, to measure the memory kept between invocations.
func (m *million) read(ctx context.Context, h *lambda.Handler, f *figures) error {
	start := time.Now()
	shards := make([]source, m.shards)
	for i := range shards {
		shards[i] = source{shard: i, shards: m.shards, records: m.records / m.shards, keys: m.keys}
	}
	for upTo := 0; upTo < shards[0].records; {
		from := upTo
		upTo = min(upTo+m.every/m.shards, shards[0].records)
		resent, errs := make([]int, m.shards), make([]error, m.shards)
		var wg sync.WaitGroup
		for i := range shards {
			wg.Go(func() { resent[i], errs[i] = m.stretch(ctx, h, &shards[i], from, upTo) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, n := range resent {
			f.resent += n
		}
		f.heap = append(f.heap, heap())
	}
	f.took = time.Since(start)
	return nil
}

// stretch reads records [from, end) of a shard. It returns the number of invocations that
// reported a failure, after which Lambda sends again.
func (m *million) stretch(ctx context.Context, h *lambda.Handler, src *source, from, end int) (resent int, err error) {
	for from < end {
		to := min(from+m.batch, end)
		next, err := src.invoke(ctx, h, from, to)
		if err != nil {
			return resent, fmt.Errorf("shard %d: %w", src.shard, err)
		}
		if next < to {
			resent++
		}
		from = next
	}
	return resent, nil
}

// heap returns the bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// complain returns the violations in the figures.
func (f *figures) complain() error {
	var all []error
	for _, t := range longTargets {
		l := f.targets[t.name].log
		if lost := f.records - l.distinct; lost > 0 {
			all = append(all, fmt.Errorf("%s: %d records lost", t.name, lost))
		}
		if t.ordered && l.inversions > 0 {
			all = append(all, fmt.Errorf("%s: %d records behind a later one of their key", t.name, l.inversions))
		}
		if t.memory != nil && l.duplicates > 0 {
			all = append(all, fmt.Errorf("%s: %d records twice", t.name, l.duplicates))
		}
		if f.targets[t.name].faults == 0 {
			all = append(all, fmt.Errorf("%s: nothing went wrong", t.name))
		}
	}
	return errors.Join(all...)
}

// table returns the figures in Markdown.
func (f *figures) table() string {
	var b strings.Builder
	b.WriteString("| target | order | calls | gone wrong | lost | inversions | duplicates |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, t := range longTargets {
		d := f.targets[t.name]
		order, inversions := "any", "—"
		if t.ordered {
			order, inversions = "by key", fmt.Sprint(d.log.inversions)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.1f %% | %d | %s | %s |\n", t.name, order, thousands(d.calls),
			100*float64(d.faults)/float64(d.calls), f.records-d.log.distinct, inversions, thousands(d.log.duplicates))
	}
	const mib = 1 << 20
	fmt.Fprintf(&b, "\n%s records in %.0f s, %s a second to each of %d targets; %d invocations reported a failure.\n",
		thousands(f.records), f.took.Seconds(), thousands(int(float64(f.records)/f.took.Seconds())), len(longTargets), f.resent)
	if n := len(f.heap); n > 0 {
		fmt.Fprintf(&b, "Heap in use after a collection, looked at %d times: first %.1f MiB, last %.1f MiB, most %.1f MiB.\n",
			n, float64(f.heap[0])/mib, float64(f.heap[n-1])/mib, float64(slices.Max(f.heap))/mib)
	}
	return b.String()
}

// thousands writes n with commas.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
