//go:build unix

package bench

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkOrdered measures the processor time of the same events, with calls that take no
// time.
func BenchmarkOrdered(b *testing.B) {
	for row, e := range orderedEvents {
		for column, o := range orderings {
			if o.of != "" && o.of != e.target.Type {
				continue
			}
			b.Run(fmt.Sprintf("target=%s/keys=%d/order=%s", e.target.Type, e.keys, strings.ReplaceAll(o.name, "`", "")), func(b *testing.B) {
				w := ordered(row, column)
				h, _ := newHandler(b, w)
				before, events := processor(b), 0
				for b.Loop() {
					if _, err := h.Invoke(context.Background(), w.Event); err != nil {
						b.Fatal(err)
					}
					events++
				}
				b.ReportMetric(float64((processor(b)-before).Microseconds())/1e3/float64(events), "cpu-ms/op")
			})
		}
	}
}

// processor returns the processor time of the process so far.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
