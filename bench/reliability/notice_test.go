package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLog(t *testing.T) {
	tests := []struct {
		name                             string
		arrivals                         []int // of 6 records with 2 keys
		distinct, duplicates, inversions int
		whole                            int // keys with their last record
	}{
		{"nothing", nil, 0, 0, 0, 0},
		{"in order", []int{0, 1, 2, 3, 4, 5}, 6, 0, 0, 2},
		{"keys out of order", []int{1, 0, 3, 2, 5, 4}, 6, 0, 0, 2},
		{"a key out of order", []int{0, 4, 2, 1, 3, 5}, 6, 0, 1, 2},
		{"one missing", []int{0, 1, 2, 3, 5}, 5, 0, 0, 1},
		{"a request twice", []int{0, 1, 2, 3, 0, 1, 2, 3, 4, 5}, 6, 4, 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(6, 2)
			for _, n := range tt.arrivals {
				l.take(n)
			}
			want := []int{tt.distinct, tt.duplicates, tt.inversions, tt.whole}
			if diff := cmp.Diff(want, []int{l.distinct, l.duplicates, l.inversions, l.last(4)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestMatrixNotices asserts that TestMatrix would detect each violation.
func TestMatrixNotices(t *testing.T) {
	row := func(name string) fault {
		fs := faults()
		return fs[slices.IndexFunc(fs, func(f fault) bool { return f.name == name })]
	}
	column := func(name string) kind {
		ks := kinds()
		return ks[slices.IndexFunc(ks, func(k kind) bool { return k.name == name })]
	}
	lossy := column("file")
	honest := lossy.start
	lossy.start = func(c *cell) (server, error) {
		s, err := honest(c)
		return forgetful{s}, err
	}
	unexpected := row("reset in the middle of the answer")
	unexpected.taken = false
	tests := []struct {
		name  string
		fault fault
		kind  kind
		want  string
	}{
		{"a record that is lost", row("connection refused"), lossy, "1 lost"},
		{"duplicates without a reason", unexpected, column("kinesis"), "arrived twice, though no answer was lost"},
		{"a fault that does not happen", fault{name: "none"}, column("kinesis"), "the fault did not happen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := try(t.Context(), &cell{fault: &tt.fault, kind: &tt.kind})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
		})
	}
}

// forgetful is a server without its last record.
type forgetful struct{ server }

func (f forgetful) Taken() ([]string, error) {
	all, err := f.server.Taken()
	return all[:max(0, len(all)-1)], err
}

func TestLongRunNotices(t *testing.T) {
	f := figures{records: 4, targets: make(map[string]*destination)}
	for _, target := range longTargets {
		f.targets[target.name] = &destination{log: newLog(4, 2)}
	}
	for _, n := range []int{2, 0, 1} {
		f.targets["kinesis"].log.take(n)
		f.targets["http"].log.take(1)
	}
	err := f.complain()
	for _, want := range []string{
		"kinesis: 1 records lost", "kinesis: 1 records behind", "es: 4 records lost", "es: nothing went wrong", "http: 2 records twice",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}

// TestMemory asserts that targets recognize a record as the real ones do.
func TestMemory(t *testing.T) {
	for _, tt := range []struct {
		name              string
		memory            memory
		n                 int
		id                string
		known, superseded bool
	}{
		{name: "a new key", memory: newByID(4), n: 1, id: "b"},
		{name: "the same key", memory: taken(newByID(4), 1, "a"), n: 1, id: "a", known: true},
		{name: "another key of the same record", memory: taken(newByID(4), 1, "a"), n: 1, id: "b"},
		{name: "no item", memory: make(items, 2), n: 1, id: "5"},
		{name: "a later change", memory: taken(make(items, 2), 1, "5"), n: 3, id: "6"},
		{name: "the same change", memory: taken(make(items, 2), 3, "6"), n: 3, id: "6", known: true},
		{name: "an earlier change", memory: taken(make(items, 2), 3, "6"), n: 1, id: "5", known: true, superseded: true},
		{name: "a change without a condition", memory: taken(make(items, 2), 3, "6"), n: 1},
		{name: "another item", memory: taken(make(items, 2), 3, "6"), n: 2, id: "5"},
	} {
		known, superseded := tt.memory.recognize(tt.n, tt.id)
		if known != tt.known || superseded != tt.superseded {
			t.Errorf("%s: known %v, superseded %v", tt.name, known, superseded)
		}
	}
}

// taken returns a memory that has a record.
func taken(m memory, n int, id string) memory {
	m.recognize(n, id)
	return m
}

func TestNumber(t *testing.T) {
	for data, want := range map[string]string{
		`{"n":7}`:                             "",
		`{"kinesis":{"data":"eyJuIjo3fQ=="}}`: "",
		`{"fanout":1,"data":"eyJuIjo3fQ=="}`:  "",
		`{"kinesis":{"data":"eyJ4Ijo3fQ=="}}`: "has no number",
		`{`:                                   "is not JSON",
		`{"n":7}{"n":8}`:                      "is not JSON",
	} {
		n, err := number(data)
		if want == "" && (err != nil || n != 7) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %d, %v; want %q", data, n, err, want)
		}
	}
}
