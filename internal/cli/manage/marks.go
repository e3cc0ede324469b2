package manage

import (
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/internal/provision/doctor"
)

// Marks are the marks of findings in a table.
var Marks = map[doctor.Status]struct {
	Mark  string
	Color text.Color
}{
	doctor.OK: {"✓", text.FgGreen}, doctor.Warning: {"!", text.FgYellow},
	doctor.Error: {"✗", text.FgRed}, doctor.Unknown: {"?", text.FgCyan},
}
