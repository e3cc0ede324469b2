package metrics

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestParseMode(t *testing.T) {
	for _, name := range []string{"cloudwatch", "emf", "none"} {
		if m, err := ParseMode(name); err != nil || string(m) != name {
			t.Errorf("ParseMode(%q) = %q, %v", name, m, err)
		}
	}
	for _, name := range []string{"", "EMF", "statsd"} {
		if m, err := ParseMode(name); err == nil {
			t.Errorf("ParseMode(%q) = %q", name, m)
		}
	}
}

func TestCheckNamespace(t *testing.T) {
	for _, ok := range []string{DefaultNamespace, "x", strings.Repeat("n", 255), "My AWS/x"} {
		must(t, CheckNamespace(ok))
	}
	for _, bad := range []string{"", strings.Repeat("n", 256), "AWS/Lambda", ":x", "zürich", "a\nb"} {
		if CheckNamespace(bad) == nil {
			t.Errorf("%q is taken for a namespace", bad)
		}
	}
}

func TestNew(t *testing.T) {
	for mode, want := range map[Mode]struct{ calls, lines int }{
		ModeCloudWatch: {1, 0}, ModeEMF: {0, 4}, ModeNone: {0, 0},
	} {
		f, out := &fake{}, &bytes.Buffer{}
		p := New(mode, DefaultNamespace, f, out)
		p.Begin(t.Context())
		must(t, p.Publish(t.Context(), small(1)))
		must(t, p.Flush(t.Context()))
		if calls, lines := len(f.sizes()), strings.Count(out.String(), "\n"); calls != want.calls || lines != want.lines {
			t.Errorf("%s: %d calls and %d lines, want %d and %d", mode, calls, lines, want.calls, want.lines)
		}
	}
}

// TestClocksThatDisagree: a source's clock may be ahead of the function's.
func TestClocksThatDisagree(t *testing.T) {
	inv := small(1)
	inv.Sources[0].Oldest = inv.At.Add(time.Minute)
	f := &fake{}
	c := NewCloudWatch(f, DefaultNamespace)
	must(t, c.Publish(t.Context(), inv))
	must(t, c.Flush(t.Context()))
	if age := f.sum("IteratorAge", 3); age != 0 {
		t.Errorf("the iterator's age is %g ms", age)
	}
}
