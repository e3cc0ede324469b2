package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"fanout/engine"
)

// identify gives every record of a lane a unique Seq, because destinations and dedup tell
// records apart by it. If a record has no sequence number, or shares it with others of its
// lane, identify appends a digest of the source record. The Seq then does not depend on the
// rest of the event. If records are equal to the last byte, the second gets the suffix
// "-2", and so on.
//
// This is rare. Usually sequence numbers rise, and comparing neighbors is enough.
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

// digestMark precedes the digest in a Seq.
const digestMark = "/"

// Number extracts the source's sequence number from a Seq. For a notification without a
// sequence number it returns the MessageId. It returns "" if the source gave neither.
func Number(seq string) string {
	number, _, _ := strings.Cut(seq, digestMark)
	return number
}

// Compare compares sequence numbers, which are decimal numbers too long for any integer
// type. It ignores leading zeros.
func Compare(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Before reports whether sequence number a is lower than b.
func Before(a, b string) bool { return Compare(a, b) < 0 }

// rise reports whether the sequence numbers of each lane rise from record to record.
func rise(recs []engine.Record) bool {
	var before map[string]string // by lane, for lanes of earlier records
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

// precedes reports whether a is less than b; both have no leading zeros.
func precedes(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }
