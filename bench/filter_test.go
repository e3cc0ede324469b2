package bench

import (
	"context"
	"syscall"
	"testing"
	"time"

	"fanout/engine"
	"fanout/internal/testing/race"
	"fanout/lambda/event"
	"fanout/stages"
)

// filterPatterns are patterns on orders, by what they look at.
var filterPatterns = []struct{ name, pattern string }{
	{"field", typePattern},
	{"inner", `{"data":{"customer":{"tier":["silver"]}}}`},
	{"elements", `{"data":{"lines":{"sku":[{"prefix":"SKU-1"}],"quantity":[{"numeric":[">",3]}]}}}`},
	{"key", `{"partitionKey":[{"prefix":"key-1"}]}`},
}

// filterRecords returns the records of an event, and the stage of a pattern.
func filterRecords(t testing.TB, records int, pattern string) (text []byte, recs []engine.Record, filter engine.Stage) {
	t.Helper()
	text = orderEvent(records, 1024)
	batches, err := event.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	f, err := stages.NewFilter(pattern, "kinesis", false)
	if err != nil {
		t.Fatal(err)
	}
	return text, batches[0].Records, f
}

// BenchmarkFilter measures a filter on the records of a Kinesis event of 1 KiB each, with
// the decoding of their base64. It counts processor time, so that other processes do not
// matter, and the bytes of the event.
func BenchmarkFilter(b *testing.B) {
	const records = 500
	for _, p := range filterPatterns {
		b.Run("pattern="+p.name, func(b *testing.B) {
			text, recs, filter := filterRecords(b, records, p.pattern)
			objects, start := allocations(), processorTime(b)
			for b.Loop() {
				engine.Apply(context.Background(), filter, recs)
			}
			spent := float64((processorTime(b) - start).Nanoseconds()) / float64(b.N)
			b.ReportMetric(float64(allocations()-objects)/float64(b.N*records), "allocs/record")
			b.ReportMetric(spent/records, "cpu-ns/record")
			b.ReportMetric(float64(len(text))/spent, "GB/cpu-s")
		})
	}
}

// processorTime returns the processor time of the process so far.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// A filter allocates nothing for a record, only for a batch.
func TestFilterAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget what they hold")
	}
	for _, p := range filterPatterns {
		few, many := filterAllocations(t, 100, p.pattern), filterAllocations(t, 1000, p.pattern)
		if a := (many - few) / 900; a > 0.01 { // the lists of a batch grow now and then
			t.Errorf("%s: %.3f allocations a record", p.name, a)
		}
	}
}

func filterAllocations(t *testing.T, records int, pattern string) float64 {
	_, recs, filter := filterRecords(t, records, pattern)
	return testing.AllocsPerRun(20, func() { engine.Apply(context.Background(), filter, recs) })
}
