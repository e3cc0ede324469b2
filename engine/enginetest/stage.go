package enginetest

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"fanout/engine"
)

// CheckStage runs s over in, records of one lane in source order, and checks the
// requirements of engine.Stage: it is comparable, has a name, accounts for every
// record, panics on none, keeps no source record of a record that it changed unless it
// says so with EmitWithSource, gives the same result each time and from several
// goroutines at once, takes any part of in, leaves in unchanged, and returns when
// its context has ended.
func CheckStage(t *testing.T, s engine.Stage, in []engine.Record) {
	t.Helper()
	ctx := t.Context()
	want := outcome(engine.Apply(ctx, s, in))

	t.Run("comparable", func(t *testing.T) {
		if !reflect.ValueOf(s).Comparable() {
			t.Fatalf("%T cannot be compared, so targets cannot share it", s)
		}
	})
	t.Run("name", func(t *testing.T) {
		if first, second := s.Name(), s.Name(); first == "" || first != second {
			t.Errorf("Name() = %q, then %q; want the same text every time", first, second)
		}
	})
	t.Run("accounts for every record", func(t *testing.T) {
		checkFaults(t, s, in)
	})
	t.Run("declares the source records that it keeps", func(t *testing.T) { checkRaw(t, s, in) })
	t.Run("leaves its input alone", func(t *testing.T) {
		before := deepCopy(in)
		engine.Apply(ctx, s, in)
		for i := range in {
			if got, want := describe(&in[i]), describe(&before[i]); got != want {
				t.Errorf("record %d was\n%s\nand is now\n%s", i, want, got)
			}
		}
	})
	t.Run("gives the same result each time", func(t *testing.T) {
		if got := outcome(engine.Apply(ctx, s, in)); got != want {
			t.Errorf("first\n%s\nthen\n%s", want, got)
		}
	})
	t.Run("runs concurrently", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if got := outcome(engine.Apply(ctx, s, in)); got != want {
					t.Errorf("alone\n%s\nconcurrently\n%s", want, got)
				}
			})
		}
		wg.Wait()
	})
	t.Run("takes any part", func(t *testing.T) {
		checkFaults(t, s, nil)
		for i := range in {
			checkFaults(t, s, in[i:i+1])
			checkFaults(t, s, in[:i])
			checkFaults(t, s, in[i:])
		}
	})
	t.Run("returns when its context has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		engine.Apply(ctx, s, in)
	})
}

// checkFaults runs s and reports the faults that the engine corrects silently:
// panics, and records forgotten or without an origin.
func checkFaults(t *testing.T, s engine.Stage, in []engine.Record) {
	t.Helper()
	for _, fault := range engine.Apply(t.Context(), s, in).Faults {
		t.Errorf("of %d records: %v", len(in), fault)
	}
}

// checkRaw gives every record a source record, and reports changed ones that keep it.
func checkRaw(t *testing.T, s engine.Stage, in []engine.Record) {
	t.Helper()
	if n := engine.Apply(t.Context(), s, withRaw(in)).StaleRaw; n > 0 {
		t.Errorf("%d changed records kept the Raw of the original; derive them with With, or use EmitWithSource if Raw still describes them", n)
	}
}

// withRaw returns in, in which every record has a source record.
func withRaw(in []engine.Record) []engine.Record {
	out := slices.Clone(in)
	for i := range out {
		if len(out[i].Raw) == 0 {
			out[i].Raw = []byte("{}")
		}
	}
	return out
}

// outcome formats a stage's results for comparison.
func outcome(o *engine.Applied) string {
	var b bytes.Buffer
	for i, r := range o.Emitted {
		fmt.Fprintf(&b, "%d %s\n", i, describe(&r))
	}
	fmt.Fprintf(&b, "cuts %v\n", o.Cuts)
	for _, l := range o.Dropped {
		fmt.Fprintf(&b, "dropped %s: %v\n", describe(&l.Record), l.Err)
	}
	for _, l := range o.Failed {
		fmt.Fprintf(&b, "failed %s: %v\n", describe(&l.Record), l.Err)
	}
	return b.String()
}

// describe formats everything that a record carries.
func describe(r *engine.Record) string {
	return fmt.Sprintf("%q %q %q %q %d %q %d data=%q raw=%q parts=%d",
		r.Key, r.HashKey, r.Lane, r.Seq, r.Sub, r.Action, r.Arrived, r.Data.Bytes(), r.Raw, len(r.Parts()))
}

// deepCopy copies records so that a write into the originals' data shows.
func deepCopy(in []engine.Record) []engine.Record {
	out := make([]engine.Record, len(in))
	for i, r := range in {
		r.Data = engine.Bytes(bytes.Clone(r.Data.Bytes()))
		r.Raw = bytes.Clone(r.Raw)
		out[i] = r
	}
	return out
}
