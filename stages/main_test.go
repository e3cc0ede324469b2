package stages_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"fanout/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lane = "shardId-000000000001"

// records returns a record of one lane for each of data.
func records(data ...string) []engine.Record {
	recs := make([]engine.Record, len(data))
	for i, d := range data {
		recs[i] = engine.Record{
			Key:  fmt.Sprintf("key-%d", i),
			Data: engine.Bytes([]byte(d)),
			Lane: lane,
			Seq:  fmt.Sprintf("%d", 100+i),
			Raw:  []byte(`{"a source":"record"}`),
		}
	}
	return recs
}

// encode returns recs with their data as base64 text.
func encode(recs []engine.Record) []engine.Record {
	out := make([]engine.Record, len(recs))
	for i, r := range recs {
		out[i] = r.With(engine.Base64(r.Data.Text()))
	}
	return out
}

// emitted returns the data of the records that out emitted.
func emitted(out *engine.Applied) []string {
	var data []string
	for _, r := range out.Emitted {
		data = append(data, string(r.Data.Bytes()))
	}
	return data
}
