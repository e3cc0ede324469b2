package es

import (
	"testing"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// With keys of their own, events are documents with these keys, and the last one stays.
func TestKeyed(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	e := openES(t, cfg, func(i *Index) { i.Keyed = true })
	batch := sinktest.Numbered(3)
	for i, key := range []string{"c-17", "c-18", ""} {
		batch[i].Key, batch[i].Data = key, engine.Bytes([]byte(`{"n":1}`))
	}
	for range 2 {
		o := e.Send(t.Context(), batch)
		if o.Err(0) != nil || o.Err(1) != nil || o.Err(2) == nil {
			t.Errorf("%v, %v, %v; want an error for the record without a key alone", o.Err(0), o.Err(1), o.Err(2))
		}
	}
	got := fake.Records("es/orders")
	if len(got) != 4 {
		t.Fatalf("%d actions took effect; want 4", len(got))
	}
	for i, r := range got {
		if want := batch[i%2].Key; r.Action != "index" || r.ID != want {
			t.Errorf("%s of %q; want index of %q", r.Action, r.ID, want)
		}
	}
}
