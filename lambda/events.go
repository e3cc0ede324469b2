package lambda

import "sync"

// events are the memory of events. The runtime uses its own again for the next event
// while a sink that hangs may still hold records of this one, so each event is copied;
// where nothing hangs, into the memory of one before it.
type events struct{ pool sync.Pool }

// given is told of memory that is given back; tests overwrite it, to find who holds it.
var given = func([]byte) {}

// copy returns a copy of an event.
func (e *events) copy(event []byte) *[]byte {
	c, _ := e.pool.Get().(*[]byte)
	if c == nil {
		c = new([]byte)
	}
	*c = append((*c)[:0], event...)
	return c
}

// free gives a copy back, of which results came, if nothing can hold a part of it.
func (e *events) free(c *[]byte, results []Result) {
	if len(results) == 0 {
		return
	}
	for i := range results {
		if !results[i].Report.Idle {
			return
		}
	}
	given(*c)
	e.pool.Put(c)
}
