package dedup

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fanout/lambda/dedup/ledger"
)

// An entry claims exactly its records, each by name or as one of several parts.
func FuzzIndex(f *testing.F) {
	f.Add("1\n1#0/2\n1#1/2\n2", []byte{0b1010}, "2\n3", []byte{0b11}, false)
	f.Add("1\n1#0/2\n1#1/3\n1#2/2", []byte{0b1110}, "2", []byte{0}, true)
	f.Add("1#0/2\n1\n1\n1#x/2", []byte{0b1101}, "1\n1#1/2", []byte{0b10}, false)
	f.Add("1\n1#-1/0\n1#+1/0", []byte{0b110}, "", []byte{}, false)
	f.Fuzz(func(t *testing.T, names string, bits []byte, others string, otherBits []byte, later bool) {
		now := time.Unix(1763800000, 0)
		entries := []ledger.Entry{
			{Last: "8", Names: strings.Split(names, "\n"), Has: map[string]ledger.Bits{"a": bits}, Written: now},
			{Last: "9", Names: strings.Split(others, "\n"), Has: map[string]ledger.Bits{"a": otherBits}, Written: now},
		}
		if later {
			entries[1].Written = now.Add(time.Second)
		}
		// says reports whether one entry, written at the time, holds a name that matches.
		says := func(at time.Time, matches func(name string) bool) bool {
			return slices.ContainsFunc(entries, func(e ledger.Entry) bool {
				for i, name := range e.Names {
					if e.Written.Equal(at) && matches(name) && e.Has["a"].Get(i) {
						return true
					}
				}
				return false
			})
		}
		x := newIndex(entries)
		for _, seq := range append([]string{"unknown"}, slices.Concat(entries[0].Names, entries[1].Names)...) {
			held, at := x.held("a", seq)
			if held.All && !says(at, func(name string) bool { return name == seq }) {
				t.Errorf("the target is said to have %q", seq)
			}
			for _, sub := range held.Subs {
				if !says(at, func(name string) bool {
					of, n, parts, ok := ledger.ParsePart(name)
					return ok && of == seq && n == sub && parts == held.Of
				}) {
					t.Errorf("the target is said to have part %d of %d of %q", sub, held.Of, seq)
				}
			}
			if other, _ := x.held("b", seq); other.All || other.Subs != nil {
				t.Errorf("another target is said to have %q", seq)
			}
		}
	})
}
