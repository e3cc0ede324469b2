package lambda

import (
	"strings"
	"testing"

	"fanout/engine"
)

// All tests of this package overwrite returned event memory: its text, and its records,
// which become others.
func init() {
	onFree = func(m *eventMemory) {
		for i := range m.text {
			m.text[i] = '?'
		}
		_, _ = m.records.Decode([]byte(`{"Records":[` + strings.Repeat(other+",", 100) + other + `]}`))
	}
}

// other is a record that no test sends.
const other = `{"eventSource":"aws:kinesis","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/other","eventID":"other:1",` +
	`"kinesis":{"partitionKey":"other","sequenceNumber":"1","data":"b3RoZXI="}}`

// Memory is used for the next event only where nothing can hold records of this one.
func TestEventsAreCopied(t *testing.T) {
	var e events
	idle, busy := []Result{{Report: &engine.Report{Idle: true}}}, []Result{{Report: &engine.Report{Idle: true}}, {Report: &engine.Report{}}}
	for _, c := range []struct {
		results []Result
		kept    bool
	}{{idle, false}, {busy, true}, {nil, true}} {
		first := e.copy([]byte("first"))
		e.free(first, c.results)
		if kept := string(first.text) == "first"; kept != c.kept {
			t.Errorf("of %d results: kept %v, want %v", len(c.results), kept, c.kept)
		}
		if second := e.copy([]byte("second, longer")); string(second.text) != "second, longer" || c.kept && string(first.text) != "first" {
			t.Errorf("the copies are %q and %q", first.text, second.text)
		}
	}
}
