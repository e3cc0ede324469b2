package lambda

import (
	"testing"

	"fanout/engine"
)

// In all tests of this package, the memory of an event that was given back changes.
func init() {
	given = func(event []byte) {
		for i := range event {
			event[i] = '?'
		}
	}
}

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
		if kept := string(*first) == "first"; kept != c.kept {
			t.Errorf("of %d results: kept %v, want %v", len(c.results), kept, c.kept)
		}
		if second := e.copy([]byte("second, longer")); string(*second) != "second, longer" || c.kept && string(*first) != "first" {
			t.Errorf("the copies are %q and %q", *first, *second)
		}
	}
}
