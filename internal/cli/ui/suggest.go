package ui

import (
	"fmt"

	"fanout/internal/near"
)

// DidYouMean proposes the name that the user probably meant by typed.
func DidYouMean(prefix, typed string, names []string) string {
	if name := near.Closest(typed, names); name != "" {
		return fmt.Sprintf("; did you mean %s%s?", prefix, name)
	}
	return ""
}
