package envelope

import (
	"cmp"
	"strings"

	"fanout/lambda/event"
)

// Compare orders two records of a shard by sequence number, a decimal number of any length,
// and then by sub-sequence number within an aggregate. A record without a number sorts
// after numbered ones. If neither has a number, their order is unknown and Compare returns
// 0.
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

// number returns the digits of a sequence number, without the suffix of a message with
// several records.
func number(seq string) (digits string, ok bool) {
	digits, _, _ = strings.Cut(seq, "/")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return digits, true
}
