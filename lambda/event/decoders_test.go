package event_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	goccy "github.com/goccy/go-json"

	"fanout/bench"
	"fanout/lambda/event"
)

// BenchmarkDecoders decodes a Kinesis event in the ways there are. With
// GOEXPERIMENT=jsonv2, encoding/json is made of encoding/json/v2.
func BenchmarkDecoders(b *testing.B) {
	into := func(unmarshal func([]byte, any) error) func([]byte) error {
		return func(text []byte) error { return unmarshal(text, new(events.KinesisEvent)) }
	}
	for _, w := range []struct {
		name    string
		text    []byte
		records int
	}{
		{"500x1KiB", bench.Kinesis(500, 1024, 1000), 500},
		{"10000x200B", bench.Kinesis(10_000, 200, 1000), 10_000},
	} {
		for _, d := range []struct {
			name   string
			decode func([]byte) error
		}{
			{"fanout", func(text []byte) error { _, err := event.Decode(text); return err }},
			{"encoding/json", into(json.Unmarshal)},
			{"goccy/go-json", into(goccy.Unmarshal)},
		} {
			b.Run("event="+w.name+"/decoder="+d.name, func(b *testing.B) {
				b.SetBytes(int64(len(w.text)))
				b.ReportAllocs()
				for b.Loop() {
					if err := d.decode(w.text); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*w.records)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}
