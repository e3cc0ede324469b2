package stages_test

import (
	"testing"

	"fanout/engine"
)

// A filter sees the value and the key of a Kafka record as text, and a tombstone without value.
func TestFilterOfKafka(t *testing.T) {
	order := engine.Record{
		Key: "ann", Lane: "my-orders-3", Seq: "15", Action: "PUT", Arrived: 1545084650987, Data: engine.Bytes([]byte(`{"total":7}`)),
		Raw: []byte(`{"topic":"my-orders","timestampType":"CREATE_TIME","headers":[]}`),
	}
	tombstone := order
	tombstone.Action, tombstone.Data = "REMOVE", engine.Bytes(nil)
	for text, want := range map[string][2]string{
		`{"value":{"total":[7]}}`:                                       {"emitted", "filtered"},
		`{"value":[{"exists":true}]}`:                                   {"emitted", "filtered"},
		`{"key":["ann"],"topic":["my-orders"],"partition":[3]}`:         {"emitted", "emitted"},
		`{"offset":[15],"timestamp":[{"numeric":[">",1545084650000]}]}`: {"emitted", "emitted"},
		`{"timestampType":["LOG_APPEND_TIME"]}`:                         {"filtered", "filtered"},
	} {
		f := filterOf(t, text, "kafka", false)
		if got := [2]string{passed(t, f, order), passed(t, f, tombstone)}; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
