package main

import (
	"fmt"
	"testing"
)

// TestMatrix asserts that no failure between the function and a target of any type loses
// a record, and that ordered targets get the records of a key in order.
func TestMatrix(t *testing.T) {
	fs, ks := faults(), kinds()
	all := matrix(t.Context())
	for _, c := range all {
		t.Run(fmt.Sprintf("%s/%s/ordered=%t", fs[c.fault].name, ks[c.kind].name, c.ordered), func(t *testing.T) {
			if c.err != nil {
				t.Errorf("%v: %+v", c.err, c.seen)
			}
		})
	}
	got, err := measured(all)
	if want := matrixTable(func(i, k int) outcome { return fs[i].expected(&ks[k]) }); err == nil && got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
