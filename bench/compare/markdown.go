package main

import (
	"fmt"
	"strings"
	"time"
)

// none is a figure that there is not.
const none = "–"

// markdown returns a table, whose first column is text and whose others are
// figures.
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

// ms is a duration in milliseconds to three digits.
func ms(d time.Duration) string { return digits(float64(d) / float64(time.Millisecond)) }

// mb is a size in megabytes.
func mb(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }

// ratio is a over b.
func ratio(a, b time.Duration) string {
	if a == 0 || b == 0 {
		return none
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// digits is f to three digits, none of them lost before the point.
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
