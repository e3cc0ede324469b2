package main

import (
	"fmt"
	"strings"
	"time"
)

// none stands for a missing figure.
const none = "–"

// markdown returns a table with text in the first column and figures in the others.
func markdown(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	fmt.Fprintf(&b, "|---|%s\n", strings.Repeat("---:|", len(head)-1))
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// ms formats a duration in milliseconds with three digits.
func ms(d time.Duration) string { return digits(float64(d) / float64(time.Millisecond)) }

// mb formats a size in megabytes.
func mb(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }

// ratio formats a over b.
func ratio(a, b time.Duration) string {
	if a == 0 || b == 0 {
		return none
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// digits formats f with three digits, or more if the integer part is longer.
func digits(f float64) string {
	switch {
	case f == 0:
		return none
	case f < 10:
		return fmt.Sprintf("%.2f", f)
	case f < 100:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.0f", f)
}
