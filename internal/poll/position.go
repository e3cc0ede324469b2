package poll

import (
	"fmt"
	"time"
)

// Start is where reading begins in shards without a checkpoint. The zero Start is
// [TrimHorizon].
type Start struct {
	at     time.Time
	latest bool
}

var (
	TrimHorizon = Start{}             // the oldest record that the stream still has
	Latest      = Start{latest: true} // the first record that arrives after the run began
)

// AtTimestamp starts at the first record that arrived at t or later. A DynamoDB stream
// cannot start at a time, so it is read from its beginning, and earlier records are
// skipped. Its times are whole seconds.
func AtTimestamp(t time.Time) Start { return Start{at: t} }

// ParseStart reads TRIM_HORIZON, LATEST, or a time in RFC 3339
// (2026-11-22T20:15:00Z).
func ParseStart(text string) (Start, error) {
	switch text {
	case TrimHorizon.String():
		return TrimHorizon, nil
	case Latest.String():
		return Latest, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.IsZero() {
		return Start{}, fmt.Errorf("starting position %q is unknown; it must be TRIM_HORIZON, LATEST or a time such as 2026-11-22T20:15:00Z", text)
	}
	return AtTimestamp(t), nil
}

// String returns s in the form that [ParseStart] reads.
func (s Start) String() string {
	switch {
	case s.latest:
		return "LATEST"
	case s.at.IsZero():
		return "TRIM_HORIZON"
	default:
		return s.at.Format(time.RFC3339Nano)
	}
}

// position is a place in a shard. The first field that is set defines it. The zero
// position is the shard's beginning.
type position struct {
	seq    string    // behind this record
	latest bool      // behind the last record
	since  time.Time // at the first record that arrived then or later
}

// after reports whether p begins at a later time than r arrived, in whole seconds,
// as in DynamoDB.
func (p position) after(r record) bool {
	return p.since.Truncate(time.Second).After(r.arrived)
}
