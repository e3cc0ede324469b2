package stages

import (
	"context"
	"fmt"
	"strings"

	"fanout/engine"
)

// Shape lowers the bounds of one request, below the limits of the sink. A zero
// field sets no bound.
type Shape struct {
	Records int // records in a request
	Bytes   int // total bytes of their data; a larger record goes alone
}

// Name returns the stage's name with the bounds that are set.
func (s Shape) Name() string { return "shape" + bounds(s.Records, s.Bytes) }

// Process begins a new request before each record that would exceed a bound.
func (s Shape) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	records, bytes := 0, 0
	for _, r := range in {
		size := r.Data.Len()
		if s.Records > 0 && records == s.Records || s.Bytes > 0 && bytes+size > s.Bytes {
			out.Cut()
			records, bytes = 0, 0
		}
		records++
		bytes += size
		out.Emit(r)
	}
}

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
