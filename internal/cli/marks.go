package cli

import (
	"github.com/jedib0t/go-pretty/v6/text"

	"fanout/internal/provision/doctor"
)

// marks are the marks of findings in a table.
var marks = map[doctor.Status]struct {
	mark  string
	color text.Color
}{
	doctor.OK: {"✓", text.FgGreen}, doctor.Warning: {"!", text.FgYellow},
	doctor.Error: {"✗", text.FgRed}, doctor.Unknown: {"?", text.FgCyan},
}
