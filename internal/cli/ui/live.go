package ui

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"fanout/engine/plain"
)

// clearLine moves to the start of a terminal's line and clears it (ECMA-48, EL).
const clearLine = "\r\x1b[K"

// Live is a [screen] that keeps a status line below its output if w is a terminal. It
// is safe for concurrent use.
type Live struct {
	w    io.Writer
	cols func() int // nil: not a terminal

	mu   sync.Mutex
	line string // shown now
	part string // output after the last newline while the line was shown; it waits for the rest
}

func NewLive(w io.Writer) *Live {
	if s, ok := w.(screen); ok {
		w = s.w // the screen must not remove clearLine
	}
	l := &Live{w: w}
	if _, ok := TerminalWidth(w); ok {
		l.cols = func() int {
			width, _ := TerminalWidth(w)
			return width
		}
	}
	return l
}

// Terminal reports whether the output is a terminal.
func (l *Live) Terminal() bool { return l.cols != nil }

// Write implements io.Writer.
func (l *Live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.part + harmless(string(p), l.Terminal())
	l.part = ""
	if l.line != "" {
		end := strings.LastIndexByte(text, '\n') + 1
		if text, l.part = text[:end], text[end:]; end == 0 {
			return len(p), nil
		}
		text = clearLine + text + l.line // in one write, to avoid flicker
	}
	if _, err := io.WriteString(l.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Show replaces the line.
func (l *Live) Show(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = clip(plain.Line(line), l.cols()-1)
	text := clearLine + l.line
	if l.line == "" {
		text, l.part = clearLine+l.part, ""
	}
	fmt.Fprint(l.w, text)
}

// Follow shows the value of status repeatedly until ctx ends.
func (l *Live) Follow(ctx context.Context, every time.Duration, status func() string) {
	if !l.Terminal() {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		l.Show(status())
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	l.Show("")
}

// clip cuts s to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:max(n-1, 0)]) + "…"
	}
	return s
}
