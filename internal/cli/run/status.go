package run

import (
	"fmt"
	"strings"
	"time"

	"fanout/internal/poll"
)

// status is the live line: the position in the stream, and the counts of each target. A
// narrow terminal cuts the end off.
func status(p poll.ShardProgress, rows []row) string {
	pending := fmt.Sprintf("%d pending", p.Pending)
	if p.Pending > 0 {
		pending += fmt.Sprintf(", %d in flight", p.InFlight)
	}
	parts := []string{
		fmt.Sprintf("lag %v", p.Lag.Round(100*time.Millisecond)),
		pending,
		fmt.Sprintf("%d done", p.Records),
	}
	return strings.Join(append(parts, targetStatus(rows)...), " · ")
}

// lineStatus is the live line of records made of lines.
func lineStatus(records int, rows []row) string {
	return strings.Join(append([]string{fmt.Sprintf("%d done", records)}, targetStatus(rows)...), " · ")
}

// targetStatus is the counts of each target.
func targetStatus(rows []row) (parts []string) {
	for _, t := range rows {
		part := fmt.Sprintf("%s %d delivered", t.ID, t.Delivered)
		if t.Failed > 0 {
			part += fmt.Sprintf(", %d failed", t.Failed)
		}
		parts = append(parts, part)
	}
	return parts
}
