package cli

import (
	"fmt"
)

// positions are the starting positions for reading, apart from a time.
var positions = []string{"LATEST", "TRIM_HORIZON"}

// noPosition is the error for an invalid --starting-position.
func noPosition(typed string) error {
	return fmt.Errorf("--starting-position is %q; it must be LATEST, TRIM_HORIZON or a time such as 2026-11-22T20:15:00Z%s", typed, didYouMean("", typed, positions))
}
