package ledger

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Entry records which targets have which records of one batch of a shard after one attempt.
type Entry struct {
	Last    string          // the batch's highest sequence number
	Names   []string        // of the batch's records, and of parts of records: see Part
	Has     map[string]Bits // by fingerprint of the target; bit i stands for Names[i]
	Written time.Time       // set by Read
	Expires time.Time       // set by Read
}

// Part names one part of a record: part sub of the of parts that a target's stages make of
// it. It is used when a target has some parts but not all. A whole record is named by its
// Seq.
func Part(seq string, sub, of int) string { return fmt.Sprintf("%s%s%d/%d", seq, partMark, sub, of) }

// partMark precedes the number of a part. No record identity contains it.
const partMark = "#"

// ParsePart splits a name made by Part. It reports false for the name of a whole record.
func ParsePart(name string) (seq string, sub, of int, ok bool) {
	seq, place, _ := strings.Cut(name, partMark)
	first, second, found := strings.Cut(place, "/")
	if !found {
		return "", 0, 0, false
	}
	sub, err := strconv.Atoi(first)
	of, err2 := strconv.Atoi(second)
	return seq, sub, of, err == nil && err2 == nil
}

// Bits is a set of small numbers. The zero Bits is empty.
type Bits []byte

// NewBits returns an empty set with room for numbers below n.
func NewBits(n int) Bits { return make(Bits, (n+7)/8) }

// Set adds i. The set must have room for it.
func (b Bits) Set(i int) { b[i/8] |= 1 << (i % 8) }

// With returns b with i added. It may change b.
func (b Bits) With(i int) Bits {
	for i/8 >= len(b) {
		b = append(b, 0)
	}
	b.Set(i)
	return b
}

// Get reports whether i is in the set. Any i is valid.
func (b Bits) Get(i int) bool { return i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

const (
	// maxBytes bounds an item's content without its keys. DynamoDB limits items to 400 KB,
	// including names and overhead (Service quotas of Amazon DynamoDB).
	maxBytes = 400_000

	// overhead is the size of a target's entry without its bits, fingerprint included.
	overhead = 64

	// maxNames and maxText bound an item's names and their bytes. 10,000 sequence numbers
	// of 129 digits, the longest in Kinesis, take 1.3 MB.
	maxNames = 50_000
	maxText  = 4_000_000
)

// fit returns the largest part of e that fits an item, and its names in encoded form. It
// drops the last records. Where order is kept, every record after a resent one is sent
// again, so the first records are worth more.
func (e *Entry) fit() (Entry, []byte) {
	for n := min(len(e.Names), maxNames); ; n /= 2 {
		part := e.head(n)
		text := join(part.Names)
		if len(text) > maxText {
			continue
		}
		records := deflate(text)
		if n == 0 || len(records)+len(part.Has)*(overhead+(n+7)/8) <= maxBytes {
			return part, records
		}
	}
}

// head returns e limited to its first n names.
func (e *Entry) head(n int) Entry {
	if n == len(e.Names) {
		return *e
	}
	h := Entry{Last: e.Last, Names: e.Names[:n], Has: make(map[string]Bits, len(e.Has))}
	for target, bits := range e.Has {
		h.Has[target] = NewBits(n)
		for i := range n {
			if bits.Get(i) {
				h.Has[target].Set(i)
			}
		}
	}
	return h
}

// join writes each name after its length.
func join(names []string) (text []byte) {
	for _, name := range names {
		text = append(binary.AppendUvarint(text, uint64(len(name))), name...)
	}
	return text
}

// deflate compresses names. Sequence numbers of one batch share most of their digits.
func deflate(text []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed) // the level is valid
	_, _ = w.Write(text)                         // a buffer accepts everything
	_ = w.Close()
	return b.Bytes()
}

var errRecords = errors.New(`the attribute "records" is not in fanout's format`)

func inflate(records []byte) (names []string, err error) {
	if len(records) > maxBytes {
		return nil, errRecords
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(records)), maxText+1))
	if err != nil || len(text) > maxText {
		return nil, errRecords
	}
	all := string(text)
	for all != "" {
		n, size := binary.Uvarint([]byte(all[:min(len(all), binary.MaxVarintLen64)]))
		if size <= 0 || n > math.MaxInt32 || int(n) > len(all)-size || len(names) == maxNames {
			return nil, errRecords
		}
		names = append(names, all[size:size+int(n)])
		all = all[size+int(n):]
	}
	return names, nil
}

// sortable returns the range key for a sequence number. Such keys sort like the numbers,
// which have no leading zeros.
func sortable(seq string) string { return fmt.Sprintf("%03d%s", len(seq), seq) }
