package ui

import (
	"fmt"
)

// Positions are the starting positions for reading, apart from a time.
var Positions = []string{"LATEST", "TRIM_HORIZON"}

// NoPosition is the error for an invalid --starting-position.
func NoPosition(typed string) error {
	return fmt.Errorf("--starting-position is %q; it must be LATEST, TRIM_HORIZON or a time such as 2026-11-22T20:15:00Z%s", typed, DidYouMean("", typed, Positions))
}
