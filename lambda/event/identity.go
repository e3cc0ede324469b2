package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"fanout/engine"
)

// identify gives every record of a lane a Seq of its own, since destinations and what
// is remembered of them tell records apart by it. A record without a sequence number,
// or with one that others of its lane have too, gets a digest of the source record
// behind the number, and is then the same whatever else is in its event. Of records
// that are equal to the last byte the second has "-2" behind that, and so on.
//
// That is rare. Mostly sequence numbers rise, and looking at neighbors is enough.
func identify(recs []engine.Record) {
	if rise(recs) {
		return
	}
	type place struct{ lane, seq string }
	numbers := make(map[place]int, len(recs))
	for i := range recs {
		numbers[place{recs[i].Lane, recs[i].Seq}]++
	}
	digests := make(map[place]int)
	for i := range recs {
		r := &recs[i]
		if r.Seq != "" && numbers[place{r.Lane, r.Seq}] == 1 {
			continue
		}
		sum := sha256.Sum256(r.Raw)
		r.Seq += digestMark + hex.EncodeToString(sum[:16])
		own := place{r.Lane, r.Seq}
		if digests[own]++; digests[own] > 1 {
			r.Seq += fmt.Sprint("-", digests[own])
		}
	}
}

// digestMark stands before the digest in a Seq.
const digestMark = "/"

// Number returns the sequence number that the source gave a record, or for a
// notification without one its MessageId, by the record's Seq; "" if it gave none.
func Number(seq string) string {
	number, _, _ := strings.Cut(seq, digestMark)
	return number
}

// Compare compares sequence numbers, which are decimal numbers too long for any integer
// type. Zeros in front do not count.
func Compare(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Before reports whether sequence number a is lower than b.
func Before(a, b string) bool { return Compare(a, b) < 0 }

// rise reports whether the sequence numbers of each lane rise from record to record.
func rise(recs []engine.Record) bool {
	var before map[string]string // by lane, of the lanes that recs has left
	for i := range recs {
		r := &recs[i]
		if r.Seq == "" {
			return false
		}
		if i == 0 {
			continue
		}
		last := &recs[i-1]
		if r.Lane == last.Lane {
			if !precedes(last.Seq, r.Seq) {
				return false
			}
			continue
		}
		if before == nil {
			before = make(map[string]string)
		}
		before[last.Lane] = last.Seq
		if seq, ok := before[r.Lane]; ok && !precedes(seq, r.Seq) {
			return false
		}
	}
	return true
}

// precedes reports whether a number without leading zeros is less than another.
func precedes(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }
