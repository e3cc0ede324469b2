package main

import "testing"

// TestLongRun asserts that despite many short faults every record arrives at every
// target, and that ordered targets get the records of a key in order.
func TestLongRun(t *testing.T) {
	m := longRun
	m.records, m.every = 40_000, 10_000
	f, err := m.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.complain(); err != nil {
		t.Error(err)
	}
	if f.targets["kinesis"].log.duplicates == 0 || f.targets["sqs"].log.duplicates > 0 {
		t.Error("answers that are lost make duplicates where nothing tells that a record was there, and there alone")
	}
	t.Log("\n" + f.table())
}
