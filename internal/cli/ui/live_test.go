package ui

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/clitest"
)

func terminal(cols int) (*Live, *bytes.Buffer) {
	var b bytes.Buffer
	return &Live{w: &b, cols: func() int { return cols }}, &b
}

func TestLiveFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, b := terminal(80)
		ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
		defer cancel()
		n := 0
		l.Follow(ctx, 500*time.Millisecond, func() string { n++; return fmt.Sprint("n=", n) })
		want := clearLine + "n=1" + clearLine + "n=2" + clearLine + "n=3" + clearLine
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLiveKeepsLineBelow(t *testing.T) {
	l, b := terminal(80)
	fmt.Fprintln(l, "before")
	l.Show("line")
	fmt.Fprintln(l, "between")
	l.Show("")
	fmt.Fprintln(l, "after")
	want := "before\n" + clearLine + "line" + clearLine + "between\nline" + clearLine + "after\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A line that is written in pieces stays whole: the status would be drawn after the
// first piece, and clearing it would erase the piece.
func TestLiveKeepsPieces(t *testing.T) {
	l, b := terminal(80)
	l.Show("line")
	fmt.Fprint(l, "es: 1 failed")
	l.Show("next")
	fmt.Fprint(l, ", first 7\nmore")
	l.Show("")
	fmt.Fprint(l, " of it\n")
	want := clearLine + "line" + clearLine + "next" + clearLine + "es: 1 failed, first 7\nnext" + clearLine + "more" + " of it\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLiveFits(t *testing.T) {
	for _, tt := range []struct {
		cols int
		want string
	}{
		{80, "größer"},
		{7, "größer"},
		{6, "größ…"},
		{2, "…"},
		{1, "…"},
	} {
		l, b := terminal(tt.cols)
		l.Show("größer")
		if got := b.String(); got != clearLine+tt.want {
			t.Errorf("on %d columns: %q, want %q", tt.cols, got, tt.want)
		}
	}
}

func TestLiveElsewhere(t *testing.T) {
	var b bytes.Buffer
	l := NewLive(&b)
	l.Follow(t.Context(), time.Hour, func() string { t.Error("asked, though nobody looks"); return "" })
	fmt.Fprint(l, "text")
	if b.String() != "text" {
		t.Errorf("wrote %q", b.String())
	}
}

func TestLiveLineIsHarmless(t *testing.T) {
	l, b := terminal(200)
	l.Show(clitest.Hostile + "\nforged")
	fmt.Fprint(l, clitest.Hostile)
	if rest := strings.ReplaceAll(b.String(), clearLine, ""); clitest.Acts(rest) || strings.Contains(rest, "\n") {
		t.Errorf("%q", b.String())
	}
}
