package targets

import "fanout/internal/cli/manage"

// targetCommand is a command about the targets in a table.
type targetCommand struct{ manage.Command }
