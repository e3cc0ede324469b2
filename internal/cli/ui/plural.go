package ui

import (
	"fmt"
	"strings"
)

// Count returns a number with its noun.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(thing, "s"))
}

func Are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
