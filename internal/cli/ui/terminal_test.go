package ui

import (
	"strings"
	"testing"
)

// The width is COLUMNS, within the limits of legibility.
func TestTextWidth(t *testing.T) {
	for columns, want := range map[string]int{"": 80, "100": 100, "120": 120, "500": 120, "10": 40, "-1": 80, "0": 80, "wide": 80} {
		t.Setenv("COLUMNS", columns)
		if got := TextWidth(new(strings.Builder)); got != want {
			t.Errorf("COLUMNS=%s: %d, want %d", columns, got, want)
		}
	}
}
