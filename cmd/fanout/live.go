package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"fanout/lambda/poll"
)

// live keeps one line of a terminal up to date. On anything but a terminal it
// writes nothing.
type live struct {
	w    io.Writer
	cols func() int
	text func() string
}

func newLive(w io.Writer, text func() string) *live {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &live{}
	}
	return &live{w: w, text: text, cols: func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 80
		}
		return width
	}}
}

// run shows the line until ctx ends, and then clears it.
func (l *live) run(ctx context.Context, every time.Duration) {
	if l.w == nil {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		fmt.Fprintf(l.w, "\r%s\x1b[K", clip(l.text(), l.cols()-1))
		select {
		case <-tick.C:
		case <-ctx.Done():
			fmt.Fprint(l.w, "\r\x1b[K")
			return
		}
	}
}

// clip cuts s to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n && n > 0 {
		return string(r[:n-1]) + "…"
	}
	return s
}

// status is the live line: records in, per target delivered and failed, lag.
func status(p poll.Progress, sum *summary) string {
	parts := []string{fmt.Sprintf("%d records in", p.Total.Records)}
	for _, t := range sum.rows() {
		part := fmt.Sprintf("%s %d delivered", t.ID, t.Delivered)
		if t.Failed > 0 {
			part += fmt.Sprintf(", %d failed", t.Failed)
		}
		parts = append(parts, part)
	}
	parts = append(parts, fmt.Sprintf("lag %v", p.Total.Lag.Round(100*time.Millisecond)))
	return strings.Join(parts, " · ")
}
