package lambda

import (
	"sync"

	"fanout/lambda/event"
)

// events holds memory for events. The runtime reuses its buffer for the next event while a
// hanging sink may still hold records of this one, so each event is copied. If nothing
// hangs, the memory of an earlier event is reused.
type events struct{ pool sync.Pool }

// eventMemory holds one event: its text, and its records, which refer to the text.
type eventMemory struct {
	text    []byte
	records event.Memory
}

// given is a test hook, called before memory returns to the pool.
var given = func(*eventMemory) {}

// copy returns a copy of an event.
func (e *events) copy(event []byte) *eventMemory {
	m, _ := e.pool.Get().(*eventMemory)
	if m == nil {
		m = new(eventMemory)
	}
	m.text = append(m.text[:0], event...)
	return m
}

// free returns an event's memory to the pool, if its results show that nothing still refers
// to it.
func (e *events) free(m *eventMemory, results []Result) {
	if len(results) == 0 {
		return
	}
	for i := range results {
		if !results[i].Report.Idle {
			return
		}
	}
	given(m)
	m.records.Free() // otherwise the pool keeps this event's records alive until the next event
	e.pool.Put(m)
}
