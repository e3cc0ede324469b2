package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/internal/testing/clitest"
)

func TestCanvasRepaints(t *testing.T) {
	var b bytes.Buffer
	c := &Canvas{w: &b, size: func() (int, int) { return 80, 4 }}
	long := strings.Repeat("x", 81)
	for _, text := range []string{"one\ntwo\nthree", "one\ntwo\nthree\nfour\nfive", "one\n" + long} {
		if err := c.Paint(text); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	c.Close()
	line := func(s string) string { return s + clearToEnd + "\r\n" }
	want := enterScreen + topLeft + line("one") + line("two") + line("three") + clearBelow +
		topLeft + line("one") + line("two") + line("… 3 lines more") + clearBelow + topLeft + line("one") + line(long) + clearBelow + leaveScreen
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// Colors pass, and nothing else that controls the terminal.
func TestCanvasIsHarmless(t *testing.T) {
	var b bytes.Buffer
	c := &Canvas{w: &b, size: func() (int, int) { return 80, 4 }}
	if err := c.Paint(paint(text.FgRed, "red") + clitest.Hostile); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "\x1b[31mred\x1b[0m") || strings.Contains(got, "\x1b[2J") || strings.Contains(got, "\x07") {
		t.Errorf("%q", got)
	}
}

func TestCanvasWithoutATerminal(t *testing.T) {
	var b bytes.Buffer
	c := NewCanvas(NewScreen(&b))
	if err := c.Paint("one"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if b.String() != "one\n" {
		t.Errorf("%q", b.String())
	}
}
