package bench

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/race"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

var update = flag.Bool("update", false, "write the table of order into docs/order.md")

// orderings are the columns of the table: ways to keep order, and no order.
var orderings = []struct {
	name string
	with Attributes
	of   string // the only type that has it; "": all have
}{
	{"any order", Attributes{"parallel": true}, ""},
	{"`parallel: false`", Attributes{}, ""},
	{"`lanes: 16`", Attributes{"lanes": 16}, ""},
	{"`order: request`", Attributes{"order": "request"}, ""},
	{"both", Attributes{"lanes": 16, "order": "request"}, ""},
	{"`aggregate`", Attributes{"aggregate": true}, "kinesis"},
}

// orderedEvents are the rows of the table.
var orderedEvents = []struct {
	name   string
	keys   int
	target Target
}{
	{"kinesis", 1, Target{Type: "kinesis"}},
	{"kinesis", 10, Target{Type: "kinesis"}},
	{"kinesis", 100, Target{Type: "kinesis"}},
	{"kinesis", 10_000, Target{Type: "kinesis"}},
	{"sqs, FIFO", 1, fifo},
	{"sqs, FIFO", 100, fifo},
	{"sqs, FIFO", 10_000, fifo},
}

var fifo = Target{Type: "sqs", With: Attributes{"collapse": "none", "destination": destinations["sqs"] + ".fifo"}}

// orderedRecords are the records of an event.
const orderedRecords = 10_000

// ordered returns the workload of a row and a column. Its calls take no time.
func ordered(row, column int) *Workload {
	e, with := &orderedEvents[row], Attributes{"parallel": false}
	maps.Copy(with, e.target.With)
	maps.Copy(with, orderings[column].with)
	return &Workload{
		Records: orderedRecords, Event: Kinesis(orderedRecords, 200, e.keys), Targets: []Target{{Type: e.target.Type, With: with}},
	}
}

// TestOrdered measures an event of 10,000 records of 200 B with calls of 20 ms, whose time
// is virtual, and holds docs/order.md to the result.
func TestOrdered(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes it slow")
	}
	var b strings.Builder
	b.WriteString("| target | keys |")
	for _, o := range orderings {
		b.WriteString(" " + o.name + " |")
	}
	b.WriteString("\n|---|--:|" + strings.Repeat("--:|", len(orderings)) + "\n")
	for row, e := range orderedEvents {
		fmt.Fprintf(&b, "| %s | %s |", e.name, thousands(e.keys))
		for column, o := range orderings {
			if o.of != "" && o.of != e.target.Type {
				b.WriteString(" — |")
				continue
			}
			w := ordered(row, column)
			w.Latency = Latency
			waited, calls := virtually(t, w)
			fmt.Fprintf(&b, " %s (%s) |", thousands(int(orderedRecords/waited.Seconds())), thousands(int(calls)))
		}
		b.WriteString("\n")
	}
	holdTable(t, "../docs/order.md", b.String())
}

// virtually delivers w once. It returns the time that passed for the function, which
// computes in no time, and the number of calls.
func virtually(t *testing.T, w *Workload) (took time.Duration, calls int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		services := &Services{Latency: w.Latency}
		o := lambda.DefaultOptions()
		o.Metrics = metrics.ModeNone
		h := handlerFor(t, w, services, o)
		start := time.Now()
		results, err := h.Handle(t.Context(), bytes.Clone(w.Event))
		if err != nil {
			t.Fatal(err)
		}
		took, calls = time.Since(start), services.Calls()
		if r := results[0].Report.Targets[0]; r.Delivered != w.Records {
			t.Errorf("%d of %d delivered: %v", r.Delivered, w.Records, r.Failures)
		}
	})
	return took, calls
}

// holdTable compares a table with the one between the marks of a document, or writes it.
func holdTable(t *testing.T, file, table string) {
	t.Helper()
	const begin, end = "<!-- order -->\n", "<!-- /order -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	old, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no marks", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table, old); diff != "" {
		t.Errorf("%s (go test ./bench -run TestOrdered -update writes it):\n%s", file, diff)
	}
}

// thousands formats n with commas.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
