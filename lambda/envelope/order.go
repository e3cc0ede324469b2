package envelope

import (
	"cmp"
	"strings"

	"fanout/lambda/event"
)

// Compare compares the places of two records of a shard: by sequence number, a
// decimal number of any length, and within an aggregate by sub-sequence number. It
// returns 0 if neither has a number, since nothing tells their order then; a record
// without one comes after those that have one.
func Compare(a, b *Envelope) int {
	x, ok := number(a.Sequence)
	y, also := number(b.Sequence)
	switch {
	case !ok && !also:
		return 0
	case !ok:
		return 1
	case !also:
		return -1
	}
	return cmp.Or(event.Compare(x, y), cmp.Compare(a.Sub, b.Sub))
}

// number returns the digits of a sequence number. Behind them may stand what tells a message of several records from others.
func number(seq string) (digits string, ok bool) {
	digits, _, _ = strings.Cut(seq, "/")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return digits, true
}
