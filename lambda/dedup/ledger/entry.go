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

// Entry is what targets have of one batch of a shard, as one attempt left it.
type Entry struct {
	Last    string          // the batch's highest sequence number
	Names   []string        // of the batch's records, and of parts of records: see Part
	Has     map[string]Bits // by fingerprint of the target; bit i stands for Names[i]
	Written time.Time       // set by Read
	Expires time.Time       // set by Read
}

// Part names a part of a record that targets have without having all of it: the place
// sub among the of parts that their stages make of the record. A record by itself is named
// by its Seq.
func Part(seq string, sub, of int) string { return fmt.Sprintf("%s%s%d/%d", seq, partMark, sub, of) }

// partMark stands before the place of a part. No identity of a record has one.
const partMark = "#"

// ParsePart takes a name apart. It reports false for that of a record.
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

// Set adds i, for which there must be room.
func (b Bits) Set(i int) { b[i/8] |= 1 << (i % 8) }

// With returns b with i in it. It may change b.
func (b Bits) With(i int) Bits {
	for i/8 >= len(b) {
		b = append(b, 0)
	}
	b.Set(i)
	return b
}

// Get reports whether i is in the set. Any i may be asked for.
func (b Bits) Get(i int) bool { return i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

const (
	// maxBytes bounds what an item holds beside its keys. DynamoDB takes items of
	// 400 KB (Service quotas of Amazon DynamoDB), names and overhead counted.
	maxBytes = 400_000

	// overhead is what a target counts beside its bits, its fingerprint included.
	overhead = 64

	// maxNames and maxText bound the names of an item, and their bytes: 10,000 sequence
	// numbers of 129 digits, the longest that Kinesis has, are 1.3 MB.
	maxNames = 50_000
	maxText  = 4_000_000
)

// fit returns the largest part of e that an item takes, with its names in the item's
// form. It leaves out the last records: where order is kept nothing is skipped behind
// a record that is sent again, so the first are of more use.
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

// head returns what e says of its first n names.
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

// join writes each name behind its length.
func join(names []string) (text []byte) {
	for _, name := range names {
		text = append(binary.AppendUvarint(text, uint64(len(name))), name...)
	}
	return text
}

// deflate compresses names: the sequence numbers of a batch have most of their digits
// in common.
func deflate(text []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed) // the level is one that there is
	_, _ = w.Write(text)                         // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

var errRecords = errors.New(`the attribute "records" is not what fanout writes`)

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

// sortable returns the range key of a sequence number. Such keys sort as the
// numbers do, which have no zeros in front.
func sortable(seq string) string { return fmt.Sprintf("%03d%s", len(seq), seq) }
