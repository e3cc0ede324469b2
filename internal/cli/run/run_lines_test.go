package run

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/internal/cli/lines"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
	records "fanout/lambda/event"
	"fanout/sinks"
)

// picky is a sink that does not take the line b2 a number of times.
type picky struct {
	class    engine.Class
	failures int
	took     []string
}

func (*picky) Sizer() func(*engine.Record) int { return nil }

func (*picky) Name() string { return "picky" }

func (*picky) Limits() engine.Limits { return engine.Limits{Records: 1} }

func (p *picky) Send(_ context.Context, batch []engine.Record) (o engine.Outcome) {
	text := string(batch[0].Data.Bytes())
	if text == "b2" && p.failures > 0 {
		p.failures--
		o.Fail(0, engine.Errorf(p.class, "no"))
	} else if !slices.Contains(p.took, text) {
		p.took = append(p.took, text)
	}
	return o
}

// A target that keeps order gets no line before an earlier one that it lacks, and its run ends
// there. Another one gets the later lines.
func TestLinesKeepOrder(t *testing.T) {
	const stop = "standard input:4: the target t did not take this line, and it keeps the order of a key; lines up to standard input:4 were handled, later ones were not"
	for name, c := range map[string]struct {
		parallel bool
		sink     picky
		want     string
		err      string
		settled  bool
	}{
		"heals":            {false, picky{class: engine.Refused, failures: 0}, "a1 b1 c1 b2 a2 b3", "", true},
		"heals late":       {false, picky{class: engine.Retryable, failures: 3}, "a1 b1 c1 b2 a2 b3", "", true},
		"stays":            {false, picky{class: engine.Retryable, failures: 1000}, "a1 b1 c1", stop, false},
		"hopeless":         {false, picky{class: engine.Refused, failures: 1}, "a1 b1 c1", stop, false},
		"without an order": {true, picky{class: engine.Refused, failures: 1000}, "a1 b1 c1 a2 b3", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spec := sinks.Spec{SourceARN: clitest.Orders, ID: "t", Parallel: c.parallel}
				plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: &c.sink, Ordered: spec.Ordered()})
				if err != nil {
					t.Fatal(err)
				}
				deliver := func(ctx context.Context, data []byte) ([]lambda.Result, error) {
					batches, err := records.Decode(data)
					if err != nil {
						return nil, err
					}
					return []lambda.Result{{Targets: []sinks.Spec{spec}, Report: plan.Run(ctx, batches[0].Records)}}, nil
				}
				in, err := lines.Open(strings.NewReader("a1\nb1\nc1\nb2\na2\nb3\n"), "-")
				if err != nil {
					t.Fatal(err)
				}
				f := &runFlags{DeliveryFlags: DeliveryFlags{Timeout: time.Minute}, poll: pollFlags{batchSize: 1}}
				r := lineRun{
					runFlags: f, deliver: deliver, in: in, sum: &Summary{settled: true}, first: 1,
					records: &lines.Maker{Source: clitest.Orders, Service: "kinesis", Run: 1},
				}
				text := ""
				if err := r.run(t.Context()); err != nil {
					text = err.Error()
				}
				if got := strings.Join(c.sink.took, " "); got != c.want || text != c.err || r.sum.settled != c.settled {
					t.Errorf("it took %s; %s; settled %v", got, text, r.sum.settled)
				}
			})
		})
	}
}

// An interrupt ends the wait for a line.
func TestInterruptWithoutALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		defer writer.Close()
		in, err := lines.Open(reader, "-")
		if err != nil {
			t.Fatal(err)
		}
		r := lineRun{runFlags: &runFlags{poll: pollFlags{batchSize: 10}}, in: in, sum: new(Summary), first: 1, records: &lines.Maker{Service: "kinesis", Source: clitest.Orders}}
		ctx, interrupt := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- r.run(ctx) }()
		if _, err := writer.Write([]byte("a\n")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // for the next line
		interrupt()
		if err := <-result; err == nil || err.Error() != "interrupted before standard input:1; this line and later ones were not handled" {
			t.Error(err)
		}
	})
}

// Lines are handled a while after the last one, though the batch is not full.
func TestLinesDoNotWaitLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		in, err := lines.Open(reader, "-")
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		deliver := func(_ context.Context, data []byte) ([]lambda.Result, error) {
			batches, err := records.Decode(data)
			if err == nil {
				got = append(got, len(batches[0].Records))
			}
			return nil, err
		}
		f := &runFlags{DeliveryFlags: DeliveryFlags{Timeout: time.Minute}, poll: pollFlags{batchSize: 10}}
		r := lineRun{runFlags: f, deliver: deliver, in: in, sum: &Summary{settled: true}, first: 1, records: &lines.Maker{Service: "kinesis", Source: clitest.Orders}}
		result := make(chan error, 1)
		go func() { result <- r.run(t.Context()) }()
		for _, text := range []string{"a\nb\n", "c\n"} {
			if _, err := io.WriteString(writer, text); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * lull)
			synctest.Wait()
		}
		if !slices.Equal(got, []int{2, 1}) {
			t.Errorf("batches of %v; want 2 and 1", got)
		}
		_ = writer.Close()
		if err := <-result; err != nil || len(got) != 2 {
			t.Errorf("%v, batches of %v", err, got)
		}
	})
}
