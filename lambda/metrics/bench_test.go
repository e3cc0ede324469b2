package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// slow returns a publisher whose CloudWatch answers after d.
func slow(d time.Duration) func(b *testing.B) Publisher {
	return func(b *testing.B) Publisher {
		s := &service{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			time.Sleep(d)
			io.WriteString(w, answered)
		}))}
		b.Cleanup(s.Close)
		return New(ModeCloudWatch, DefaultNamespace, s.client(b), nil)
	}
}

// five is an invocation with 5 targets, which makes 54 metrics.
func five() Invocation { return wide(5, func(i int) string { return strings.Repeat("target", 1+i) }) }

// BenchmarkInvocation measures the cost of metrics in an invocation whose records take
// 2 ms: the time spent in Begin and Publish.
func BenchmarkInvocation(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(b *testing.B) Publisher
	}{
		{"metrics=none", func(*testing.B) Publisher { return New(ModeNone, DefaultNamespace, nil, nil) }},
		{"metrics=emf", func(*testing.B) Publisher { return New(ModeEMF, DefaultNamespace, nil, io.Discard) }},
		{"metrics=cloudwatch/answer=0s", slow(0)},
		{"metrics=cloudwatch/answer=20ms", slow(20 * time.Millisecond)},
		{"metrics=cloudwatch/answer=1s", slow(time.Second)},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, inv := c.make(b), five()
			var added []time.Duration
			for b.Loop() {
				inv.At = time.Now()
				p.Begin(b.Context())
				begin := time.Since(inv.At)
				time.Sleep(2 * time.Millisecond) // the records
				end := time.Now()
				if err := p.Publish(b.Context(), inv); err != nil {
					b.Fatal(err)
				}
				added = append(added, begin+time.Since(end))
			}
			slices.Sort(added)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(added[len(added)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-added-ms", p))
			}
			if err := p.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkCall measures one call, which runs while records are handled.
func BenchmarkCall(b *testing.B) {
	for _, targets := range []int{1, 5, 95} {
		b.Run(fmt.Sprintf("metrics=%d", 4+10*targets), func(b *testing.B) {
			c := slow(0)(b).(*CloudWatch)
			var held tally
			inv := wide(targets, func(i int) string { return fmt.Sprint("target", i) })
			held.add(&inv)
			for b.Loop() {
				if _, err := c.put(b.Context(), &send{rest: held.entries}, held.entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
