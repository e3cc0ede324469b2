package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkAggregate measures a million records of 200 B with and without aggregate: calls,
// dollars, and payload units of Kinesis.
func BenchmarkAggregate(b *testing.B) {
	for _, ordered := range []bool{false, true} {
		b.Run(fmt.Sprintf("ordered=%v", ordered), func(b *testing.B) {
			sweep(b, "aggregate", []bool{false, true}, func(on bool) Workload {
				return small(Target{"kinesis", Attributes{"aggregate": on, "parallel": !ordered}})
			})
		})
	}
}

// TestAggregateCost asserts that aggregates of small records cost a twentieth of the records or
// less, in payload units and in calls, whether in order or not.
func TestAggregateCost(t *testing.T) {
	for _, parallel := range []bool{true, false} {
		var units, calls [2]int64
		for i, on := range []bool{false, true} {
			w := small(Target{"kinesis", Attributes{"aggregate": on, "parallel": parallel}})
			h, services := newHandler(t, &w)
			if _, err := h.Invoke(context.Background(), w.Event); err != nil {
				t.Fatal(err)
			}
			units[i], calls[i] = services.payload.Load(), services.Calls()
			t.Logf("parallel: %v, aggregate: %v: %d payload units and %d calls a million records", parallel, on, units[i]*100, calls[i]*100)
		}
		if units[0] != 10_000 || units[1] == 0 || units[1]*20 > units[0] || calls[1] == 0 || calls[1]*20 > calls[0] {
			t.Errorf("parallel: %v: units %v and calls %v; want a twentieth with aggregate", parallel, units, calls)
		}
	}
}

func TestPayloadUnits(t *testing.T) {
	for _, c := range []struct{ text, want int }{{0, 1}, {400, 1}, {34_132, 1}, {34_140, 2}, {1 << 20, 31}} {
		body := `{"Records":[{"Data":"` + strings.Repeat("A", c.text) + `","PartitionKey":"k"}]}`
		if got := payloadUnits([]byte(body), 1); got != c.want {
			t.Errorf("a record of %d characters takes %d units; want %d", c.text, got, c.want)
		}
	}
}
