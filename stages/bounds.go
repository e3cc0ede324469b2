package stages

import (
	"fmt"
	"strings"
)

// bounds formats the bounds that are set, for the name of a stage.
func bounds(records, bytes int) string {
	var set []string
	switch {
	case records == 1:
		set = append(set, " ≤ 1 record")
	case records > 1:
		set = append(set, fmt.Sprintf(" ≤ %d records", records))
	}
	if bytes > 0 {
		set = append(set, fmt.Sprintf(" ≤ %d bytes", bytes))
	}
	return strings.Join(set, ",")
}
