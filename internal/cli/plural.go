package cli

import (
	"fmt"
	"strings"
)

// count returns a number with its noun.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(thing, "s"))
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
