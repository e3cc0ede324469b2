package main

import "testing"

// TestLongRun asserts that despite many short faults every record arrives at every
// target, and that ordered targets get the records of a key in order.
func TestLongRun(t *testing.T) {
	m := longRun
	m.records, m.every = 24_000, 8_000
	f, err := m.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.complain(); err != nil {
		t.Error(err)
	}
	if f.targets["kinesis"].log.duplicates == 0 {
		t.Error("answers that are lost make duplicates where nothing tells that a record was there")
	}
	t.Log("\n" + f.table())
}
