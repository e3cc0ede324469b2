package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/itchyny/gojq"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/stages"
)

// orders returns a batch of records of 1 KiB.
func orders(b *testing.B) []engine.Record {
	b.Helper()
	recs := make([]engine.Record, 100)
	for i := range recs {
		text := fmt.Sprintf(`{"order":"A-%04d","total":129.90,"customer":{"id":"c-%d","name":"Ada"},"lines":[{"sku":"x-1","n":2},{"sku":"x-2","n":1}],"note":""}`, i, i)
		text = strings.Replace(text, `"note":""`, `"note":"`+strings.Repeat("n", 1024-len(text))+`"`, 1)
		if len(text) != 1024 {
			b.Fatalf("a record has %d bytes", len(text))
		}
		recs[i] = engine.Record{Key: "k", Seq: fmt.Sprint(i), Data: engine.Bytes([]byte(text))}
	}
	return recs
}

// BenchmarkTransform is the table of docs/transform.md: the stages, and gojq alone with the
// decoder of encoding/json.
func BenchmarkTransform(b *testing.B) {
	recs := orders(b)
	perRecord := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(recs)), "µs/record")
	}
	program := func(text string) *jq.Program {
		p, err := jq.Compile(text)
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	stage := func(name string, s engine.Stage) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if out := engine.Apply(b.Context(), s, recs); len(out.Emitted) != len(recs) {
					b.Fatal(out.Failed)
				}
			}
			perRecord(b)
		})
	}
	for _, text := range []string{`{id: .order, total}`, `.total += 1`} {
		stage("transform "+text, stages.Transform{Program: program(text)})
		b.Run("gojq alone "+text, func(b *testing.B) { gojqAlone(b, text, recs); perRecord(b) })
	}
	stage("key .customer.id", stages.Key{Program: program(`.customer.id`)})
	stage("key .customer | .id", stages.Key{Program: program(`.customer | .id`)})
}

// gojqAlone runs a program as gojq's own command does.
func gojqAlone(b *testing.B, text string, recs []engine.Record) {
	b.Helper()
	query, err := gojq.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range recs {
			d := json.NewDecoder(bytes.NewReader(recs[i].Data.Bytes()))
			d.UseNumber()
			var v any
			if err := d.Decode(&v); err != nil {
				b.Fatal(err)
			}
			v, _ = code.Run(v).Next()
			if _, err := gojq.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	}
}
