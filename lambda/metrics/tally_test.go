package metrics

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDatum: one value, several, and too many different ones.
func TestDatum(t *testing.T) {
	k := key{minute: 10, name: "Duration", unit: "Milliseconds"}
	for _, c := range []struct {
		name   string
		values int // 0, 1, 2, … each twice if there is more than one
		want   string
	}{
		{"one", 1, "1970-01-01T00:10:00Z Duration    0 Milliseconds"},
		{"some", 3, "1970-01-01T00:10:00Z Duration    [0 1 2]×[2 2 2] Milliseconds"},
		{"many", maxValues + 1, "1970-01-01T00:10:00Z Duration    n=66 sum=1056 min=0 max=32 Milliseconds"},
	} {
		var tally tally
		for range min(c.values, 2) {
			for v := range c.values {
				tally.entry(k).add(float64(v), 1)
			}
		}
		d := tally.entries[0].datum()
		if got := line(&d); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestMerge: the sums of two entries add up in any form.
func TestMerge(t *testing.T) {
	k := key{name: "m"}
	for _, a := range []int{1, 2, maxValues, maxValues + 1} {
		for _, b := range []int{1, 2, maxValues, maxValues + 1} {
			var x, y tally
			for i := range a {
				x.entry(k).add(float64(i), 1)
			}
			for i := range b {
				y.entry(k).add(float64(-i), 2)
			}
			x.merge(y.entries)
			d := x.entries[0].datum()
			samples, sum := totals(&d)
			want := fmt.Sprint(a+2*b, a*(a-1)/2-b*(b-1))
			if got := fmt.Sprint(samples, sum); got != want {
				t.Errorf("%d values and %d others: samples and sum are %s, want %s", a, b, got, want)
			}
			if e := x.entries[0]; e.min != float64(1-b) || e.max != float64(a-1) {
				t.Errorf("%d values and %d others: from %g to %g", a, b, e.min, e.max)
			}
		}
	}
}

// TestFold: when a tally is full the oldest minutes are put together, and nothing
// is lost.
func TestFold(t *testing.T) {
	const metrics, minutes = 14, maxHeld/14 + 100
	var held tally
	inv := small(1)
	inv.At = time.Unix(0, 0)
	for range minutes {
		held.add(&inv)
		inv.At = inv.At.Add(time.Minute)
	}
	if len(held.entries) > maxHeld || len(held.index) != len(held.entries) || held.lost > 0 {
		t.Errorf("%d entries, %d in the index, %d lost", len(held.entries), len(held.index), held.lost)
	}
	oldest, delivered := minutes, 0.0
	for _, e := range held.entries {
		oldest = min(oldest, int(e.minute))
		if e.name == "Delivered" {
			delivered += e.sum
		}
	}
	if want := minutes - maxHeld/metrics; oldest != want {
		t.Errorf("the oldest minute is %d, want %d", oldest, want)
	}
	if delivered != minutes {
		t.Errorf("%g records are counted as delivered, want %d", delivered, minutes)
	}
}

// TestMergeIntoAFullTally counts the samples that find no room.
func TestMergeIntoAFullTally(t *testing.T) {
	var full, more tally
	for i := range maxHeld {
		full.entry(key{name: fmt.Sprint(i)}).add(1, 1)
	}
	more.entry(key{name: "0"}).add(1, 1)
	more.entry(key{name: "x"}).add(1, 3)
	full.merge(more.entries)
	if got := []any{len(full.entries), full.lost, full.entries[0].sum}; !cmp.Equal(got, []any{maxHeld, 3, 2.0}) {
		t.Errorf("entries, lost samples and the sum of the first are %v", got)
	}
}

// TestFoldKeepsWhatTheNextMinuteHasNot frees no room, and loses nothing that is
// held.
func TestFoldKeepsWhatTheNextMinuteHasNot(t *testing.T) {
	var full tally
	for i := range maxHeld {
		full.entry(key{name: fmt.Sprint(i), minute: int64(min(i, 1))}).add(1, 1)
	}
	if full.entry(key{name: "x"}) != nil {
		t.Error("there was room")
	}
	if e := full.entry(key{name: "0", minute: 1}); len(full.entries) != maxHeld || e == nil || e.sum != 1 {
		t.Errorf("of %d entries the first is %+v", len(full.entries), e)
	}
}
