package cli

import (
	"fmt"

	"fanout/internal/near"
)

// didYouMean proposes the name that the user probably meant by typed.
func didYouMean(prefix, typed string, names []string) string {
	if name := near.Closest(typed, names); name != "" {
		return fmt.Sprintf("; did you mean %s%s?", prefix, name)
	}
	return ""
}
