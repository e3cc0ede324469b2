package tune

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fanout/internal/testing/race"
	"fanout/lambda"
	"fanout/lambda/target"
)

// everyType is a target of each type.
const everyType = `
- {id: kinesis, type: kinesis, destination: copy}
- {id: ordered, type: kinesis, destination: copy, parallel: false}
- {id: firehose, type: firehose, destination: lake}
- {id: sqs, type: sqs, destination: "arn:aws:sqs:eu-west-1:123456789012:q", role: "arn:aws:iam::210987654321:role/r", collapse: none}
- {id: fifo, type: sqs, destination: "arn:aws:sqs:eu-west-1:123456789012:q.fifo", collapse: JSON}
- {id: sns, type: sns, destination: "arn:aws:sns:eu-west-1:123456789012:t", collapse: none}
- {id: lambda, type: lambda, destination: f}
- {id: iot, type: iot, destination: "x.iot.eu-west-1.amazonaws.com#t", collapse: none}
- {id: es, type: es, destination: "search-x.eu-west-1.es.amazonaws.com#i"}
- {id: redis, type: redis, destination: "redis.invalid:6379"}
- {id: memcached, type: memcached, destination: "cache.invalid:11211"}
- {id: bus, type: eventbridge, destination: orders}
- {id: machine, type: stepfunctions, destination: "arn:aws:states:eu-west-1:123456789012:stateMachine:orders", collapse: none}
- {id: bucket, type: s3, destination: "s3://lake/orders"}
- {id: server, type: http, destination: "https://hooks.example.com/orders", collapse: none, rateLimit: 1}
- {id: file, type: file, destination: /nowhere/to/be/found}
`

func targetStore(t *testing.T, lines string) target.Store {
	t.Helper()
	lines = strings.ReplaceAll(lines, "- {", fmt.Sprintf("- {sourceArn: %q, active: true, ", orders))
	s, err := lambda.Builtin().OpenFile(write(t, "targets:\n"+lines))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A target with places sends a record a message, so no other collapse is tried for it.
func TestPlacesDoNotCollapse(t *testing.T) {
	const places = "- {id: a, type: sqs, destination: \"arn:aws:sqs:eu-west-1:123456789012:q\", attributes: {k: '${.a}'}}\n"
	s := newSample(t, kinesisEvent(10, 100, 1000, 1))
	if m := measure(t, s, places, MeasureOptions{Largest: 10}); !slices.Equal(m.Collapses, []string{Configured}) || len(m.Notes) > 0 {
		t.Errorf("%v, %v", m.Collapses, m.Notes)
	}
	m := measure(t, s, places+"- {id: b, type: sqs, destination: \"arn:aws:sqs:eu-west-1:123456789012:q\", collapse: none}", MeasureOptions{Largest: 10})
	if !slices.Equal(m.Collapses, []string{Configured, "JSON"}) || !slices.Contains(m.Notes, "target a is measured with collapse none, because it has places such as ${.id}") {
		t.Errorf("%v, %v", m.Collapses, m.Notes)
	}
	for _, shape := range m.Curves[Variant{"JSON", 1}] {
		if a := shape.Targets[0].Requests; len(a) != (shape.Records+9)/10 { // 10 messages a request
			t.Errorf("%d records become %d requests", shape.Records, len(a))
		}
	}
}

// fixed is a Meter that returns one millisecond for everything. It still runs f.
func fixed(f func() error) (time.Duration, error) { return time.Millisecond, f() }

func measure(t *testing.T, s *Sample, targets string, o MeasureOptions) *Measurement {
	t.Helper()
	o.Store, o.Region = targetStore(t, targets), "eu-west-1"
	if o.Meter == nil {
		o.Meter = fixed
	}
	if o.Factors == nil {
		o.Factors = []int{1}
	}
	m, err := Measure(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Aggregates of small records cost a twentieth of the records or less, in units of payload and
// in calls.
func TestMeasureAggregates(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes it slow")
	}
	m := measure(t, newSample(t, kinesisEvent(10_000, 200, 1000, 1)), `
- {id: plain, type: kinesis, destination: a}
- {id: aggregates, type: kinesis, destination: b, aggregate: true}
- {id: ordered, type: kinesis, destination: c, aggregate: true, parallel: false}`, MeasureOptions{})
	shapes := m.Curves[Variant{Configured, 1}]
	targets := shapes[len(shapes)-1].Targets
	units, calls := make([]int, len(targets)), make([]int, len(targets))
	for i, target := range targets {
		calls[i] = len(target.Requests)
		for _, q := range target.Requests {
			for _, size := range q.Sizes {
				units[i] += (size + 25_599) / 25_600
			}
		}
	}
	if len(m.Notes) > 0 || units[0] != 10_000 || calls[0] != 20 {
		t.Errorf("without aggregates %d units and %d calls; want 10,000 and 20: %v", units[0], calls[0], m.Notes)
	}
	for i := 1; i < 3; i++ {
		t.Logf("%s: %d units and %d calls of %d and %d", targets[i].ID, units[i], calls[i], units[0], calls[0])
		if units[i] == 0 || units[i]*20 > units[0] {
			t.Errorf("%s: %d units; want a twentieth of %d", targets[i].ID, units[i], units[0])
		}
	}
	if calls[1] != 1 || calls[2] != 1 {
		t.Errorf("%d calls, %d in order; want one", calls[1], calls[2])
	}
}

// Every type of target makes its requests, and the stand-in acknowledges them.
// Nothing is sent: the hosts do not exist, and the file is not written.
func TestMeasureEveryType(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes it slow")
	}
	m := measure(t, newSample(t, kinesisEvent(1000, 100, 1000, 1)), everyType, MeasureOptions{Collapse: []string{Configured}, Largest: 1000})
	for _, n := range m.Notes {
		if !strings.Contains(n, "client is not measured") {
			t.Error(n)
		}
	}
	shapes := m.Curves[Variant{Configured, 1}]
	last := shapes[len(shapes)-1]
	if last.Records != 1000 {
		t.Fatalf("the largest batch has %d records", last.Records)
	}
	want := map[string]int{ // requests for 1,000 records
		"kinesis": 2, "ordered": 2, "firehose": 2, "sqs": 100, "fifo": 1, "sns": 100, "lambda": 1, "iot": 1000, "es": 1,
		"bus": 100, "machine": 1000, "bucket": 1, "server": 1000,
	}
	for _, target := range last.Targets {
		if n, ok := want[target.ID]; ok && len(target.Requests) != n {
			t.Errorf("%s: %d requests, want %d", target.ID, len(target.Requests), n)
		}
		records := 0
		for _, q := range target.Requests {
			records += len(q.Sizes)
		}
		if records != 1000 && target.ID != "fifo" {
			t.Errorf("%s: %d records, want 1,000", target.ID, records)
		}
		if (target.ID == "server") != (target.Rate == 1) {
			t.Errorf("%s: %d requests a second", target.ID, target.Rate)
		}
		inOrder := target.ID == "ordered" || target.ID == "redis" || target.ID == "memcached"
		if inOrder != target.Ordered || (target.ID == "fifo") != (target.Service == "sqs.fifo") {
			t.Errorf("%s: ordered %v, service %s", target.ID, target.Ordered, target.Service)
		}
	}
	// 2 of the function, 2 of the source, and 11 of each target, except targets with
	// one destination.
	if m.Metrics.Metrics < 4+11*len(m.Targets) || m.Metrics.LogBytes < 1000 {
		t.Errorf("metrics: %+v", m.Metrics)
	}
	if _, err := os.Stat("/nowhere"); err == nil {
		t.Error("the file target wrote")
	}
}

// A copy of a table takes each item in a request of its own.
func TestMeasureCopyOfATable(t *testing.T) {
	event, err := os.ReadFile(filepath.Join("..", "..", "examples", "events", "dynamodb.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSample(t, event)
	store, err := lambda.Builtin().OpenFile(write(t, fmt.Sprintf("targets:\n- {sourceArn: %q, active: true, id: copy, type: dynamodb, destination: copy}\n", s.Source)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Measure(t.Context(), s, MeasureOptions{Store: store, Region: "eu-west-1", Meter: fixed, Factors: []int{1}, Largest: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Notes) > 0 || m.Curves[Variant{Configured, 1}][0].requests() == 0 {
		t.Errorf("%+v, %q", m.Curves, m.Notes)
	}
}

func TestMeasureVariants(t *testing.T) {
	m := measure(t, newSample(t, kinesisEvent(100, 100, 20, 1)),
		"- {id: a, type: sqs, destination: \"arn:aws:sqs:eu-west-1:123456789012:q\", collapse: none, parallel: false}", MeasureOptions{Factors: []int{1, 2}, Largest: 100})
	if len(m.Collapses) != 2 || m.Collapses[1] != "JSON" || !m.Ordered {
		t.Errorf("collapses %v, ordered %v; want what is configured and JSON, in order", m.Collapses, m.Ordered)
	}
	for _, v := range []Variant{{Configured, 1}, {Configured, 2}, {"JSON", 1}, {"JSON", 2}} {
		if len(m.Curves[v]) == 0 {
			t.Errorf("%v is not measured", v)
		}
	}
	of := func(v Variant) int { c := m.Curves[v]; return c[len(c)-1].requests() }
	if of(Variant{Configured, 1}) <= of(Variant{"JSON", 1}) {
		t.Error("collapsing makes no fewer requests")
	}
	if len(m.Notes) != 0 {
		t.Error(m.Notes)
	}
}

func TestMeasureNotes(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes it slow")
	}
	sample := newSample(t, kinesisEvent(10, 100, 10, 1))
	slow := func(func() error) (time.Duration, error) { return time.Second, nil }
	m := measure(t, sample, "- {id: a, type: kinesis, destination: b}", MeasureOptions{Meter: slow})
	if text := strings.Join(m.Notes, "\n"); !strings.Contains(text, "extrapolated") || !strings.Contains(text, "has 10 records") {
		t.Errorf("notes: %s", text)
	}
	// Each collapse stops being measured at a size of its own; only the smallest counts.
	calls := 0
	m = measure(t, sample, "- {id: a, type: sqs, collapse: none, destination: 'arn:aws:sqs:eu-west-1:123456789012:q'}", MeasureOptions{
		Meter: func(run func() error) (time.Duration, error) {
			if calls++; calls == 2 || calls == 6 { // two meterings a size
				return time.Second, run()
			}
			return time.Millisecond, run()
		},
	})
	if text := strings.Join(m.Notes, "\n"); strings.Count(text, "extrapolated") != 1 || !strings.Contains(text, "more than 1 records") {
		t.Errorf("%q", m.Notes)
	}
	one := newSample(t, kinesisEvent(1, 100, 10, 1))
	m = measure(t, one, "- {id: a, type: kinesis, destination: b}", MeasureOptions{})
	if text := strings.Join(m.Notes, "\n"); !strings.Contains(text, "the sample has 1 record;") {
		t.Errorf("notes: %s", text)
	}
	// Elasticsearch accepts only JSON documents.
	plain := newSample(t, []byte(strings.ReplaceAll(string(kinesisEvent(10, 100, 10, 1)), `"data":"`, `"data":"AAAA`)))
	m = measure(t, plain, "- {id: a, type: es, destination: \"search-x.eu-west-1.es.amazonaws.com#i\"}", MeasureOptions{Largest: 10})
	if len(m.Notes) == 0 || !strings.Contains(m.Notes[0], "target a: some requests of the measurement failed") {
		t.Errorf("notes: %v", m.Notes)
	}
	// A record that the target can never take.
	m = measure(t, sample, "- {id: a, type: kinesis, destination: b, maxRecordBytes: 50}", MeasureOptions{Largest: 10})
	if text := strings.Join(m.Notes, "\n"); !strings.Contains(text, "does not accept all records") {
		t.Errorf("notes: %s", text)
	}
}

func TestMeasureIsRefused(t *testing.T) {
	s := newSample(t, kinesisEvent(10, 100, 10, 1))
	for targets, want := range map[string]string{
		"": "no active target",
		"- {id: a, type: carrier-pigeon, destination: b}": "carrier-pigeon",
	} {
		_, err := Measure(t.Context(), s, MeasureOptions{Store: targetStore(t, targets), Region: "eu-west-1", Factors: []int{1}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", targets, err, want)
		}
	}
	broken := func(func() error) (time.Duration, error) { return 0, errors.New("no clock") }
	if _, err := Measure(t.Context(), s, MeasureOptions{Store: targetStore(t, "- {id: a, type: kinesis, destination: b}"), Region: "eu-west-1", Factors: []int{1}, Meter: broken}); err == nil {
		t.Error("a meter that fails goes unnoticed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ctx, s, MeasureOptions{Store: targetStore(t, ""), Factors: []int{1}}); err == nil {
		t.Error("measured although the context had ended")
	}
}

func TestCPUMeter(t *testing.T) {
	sum := 0
	got, err := CPUMeter(func() error {
		for i := range 1_000_000 {
			sum += i
		}
		return nil
	})
	if err != nil || got <= 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := CPUMeter(func() error { return errors.New("x") }); err == nil {
		t.Error("the error is lost")
	}
}
