package engine

import (
	"slices"
	"testing"
)

// orders returns each ordering rule for a lane of four records, by its name.
func orders() map[string]order {
	return map[string]order{"any": anyOrder{}, "lane": &laneOrder{}, "key": &keyOrder{records: 4}}
}

// Behind a failed record of its key, a record breaks every order but any. Other keys and
// earlier records go on.
func TestOrderBehindAFailure(t *testing.T) {
	a, b := &Record{Key: "a"}, &Record{Key: "b"}
	for name, o := range orders() {
		o.block(2, a)
		o.block(1, a)
		o.block(3, a)
		ordered := name != "any"
		if o.breaks(0, a) || o.breaks(1, a) || o.breaks(3, b) || o.breaks(2, a) != ordered {
			t.Errorf("%s: wrong records break it", name)
		}
		if o.free() == ordered {
			t.Errorf("%s: it is free: %t", name, o.free())
		}
	}
}

// A record of several keys breaks the order if any of them is behind a record that a stage
// failed, and so do later records of its own key.
func TestOrderBehindAStageFailure(t *testing.T) {
	failed := map[string]*Record{"b": {Key: "b", src: 2}}
	for name, o := range map[string]order{"lane": &laneOrder{blockedKeys{stageFailed: failed}}, "key": &keyOrder{blockedKeys: blockedKeys{stageFailed: failed}, records: 4}} {
		early := &Record{Key: "m", parts: []Record{{Key: "a", src: 1}, {Key: "b", src: 1}}}
		late := &Record{Key: "m", parts: []Record{{Key: "a", src: 3}, {Key: "b", src: 3}}}
		if o.breaks(0, early) || !o.breaks(1, late) || !o.breaks(2, &Record{Key: "m", src: 4}) || o.breaks(3, &Record{Key: "n", src: 5}) {
			t.Errorf("%s: wrong records break it", name)
		}
	}
}

// In key order the records of a key wait in line. In other orders none waits.
func TestOrderLines(t *testing.T) {
	a, b := &Record{Key: "a"}, &Record{Key: "b"}
	for name, o := range orders() {
		line := name == "key"
		if o.waits(0, a) {
			t.Errorf("%s: the first record waits", name)
		}
		o.take(0, a)
		if o.waits(1, b) || o.waits(2, a) != line || o.waits(3, a) != line {
			t.Errorf("%s: wrong records wait", name)
		}
		if !line {
			if n := o.release(0, a); n != 0 || o.waiting() != nil {
				t.Errorf("%s: record %d waited", name, n)
			}
			continue
		}
		if n := o.release(0, a); n != 2 {
			t.Errorf("record %d is next, want 2", n)
		}
		if all := o.waiting(); !slices.Equal(all, []int{3}) {
			t.Errorf("%v still wait, want 3", all)
		}
		if n := o.release(2, a); n != 0 || o.waits(3, a) {
			t.Errorf("record %d is next, want none once nothing waits", n)
		}
	}
}

// The line of a key ends with its last record.
func TestKeyOrderEndsALine(t *testing.T) {
	o, a := &keyOrder{records: 4}, &Record{Key: "a"}
	o.take(0, a)
	o.waits(1, a)
	if n := []int{o.release(0, a), o.release(1, a)}; !slices.Equal(n, []int{1, 0}) || o.waits(2, a) {
		t.Errorf("after %v a record waits for nothing", n)
	}
}

// Only lane order sends nothing before an earlier record.
func TestStrictOrder(t *testing.T) {
	for name, o := range orders() {
		if o.strict() != (name == "lane") {
			t.Errorf("%s: strict is %t", name, o.strict())
		}
	}
}
