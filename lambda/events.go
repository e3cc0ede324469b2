package lambda

import (
	"sync"

	"fanout/lambda/event"
)

// events are the memory of events. The runtime uses its own again for the next event
// while a sink that hangs may still hold records of this one, so each event is copied;
// where nothing hangs, into the memory of one before it.
type events struct{ pool sync.Pool }

// eventMemory is that of one event: its text, and its records, which are parts of that.
type eventMemory struct {
	text    []byte
	records event.Memory
}

// given is told of memory that is given back; tests overwrite it, to find who holds it.
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

// free gives back the memory of an event, of which results came, if nothing can hold a
// part of it.
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
	m.records.Free() // or it keeps what was made of this event until the next one
	e.pool.Put(m)
}
