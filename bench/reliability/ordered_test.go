package main

import (
	"strings"
	"testing"
	"time"
)

// TestOrdering asserts that every measured record arrives, and in order where required.
func TestOrdering(t *testing.T) {
	o := orderCost
	o.records, o.latency, o.least, o.keys, o.rates = 200, time.Millisecond, 0, []int{1, 10}, []float64{0, 0.05}
	table, err := o.run(t.Context())
	if err != nil {
		t.Error(err)
	}
	if rows := strings.Count(table, "\n"); rows != 2+len(o.targets)*len(o.keys) {
		t.Errorf("the table has %d lines:\n%s", rows, table)
	}
}
