package ledger

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Entry is what targets have of one batch of a shard.
type Entry struct {
	Last    string          // the batch's highest sequence number
	Seqs    []string        // sequence numbers of the records that some target has, rising
	Has     map[string]Bits // by fingerprint of the target; bit i stands for Seqs[i]
	Expires time.Time       // set by Read
}

// Bits is a set of small numbers. The zero Bits is empty.
type Bits []byte

// NewBits returns an empty set with room for numbers below n.
func NewBits(n int) Bits { return make(Bits, (n+7)/8) }

// Set adds i, for which there must be room.
func (b Bits) Set(i int) { b[i/8] |= 1 << (i % 8) }

// Get reports whether i is in the set. Any i may be asked for.
func (b Bits) Get(i int) bool { return i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

const (
	// maxBytes bounds what an item holds beside its keys. DynamoDB takes items of
	// 400 KB (Service quotas of Amazon DynamoDB), names and overhead counted.
	maxBytes = 400_000

	// overhead is what a target counts beside its bits, its fingerprint included.
	overhead = 64

	// maxInflated bounds the sequence numbers of an item, which may come from
	// elsewhere: 10,000 of 129 digits, the longest that Kinesis has, are 1.3 MB.
	maxInflated = 8 << 20
)

// fit returns the largest part of e that an item takes, with its records in the
// item's form. It leaves out the first records, because they are the first that
// Lambda does not send again; those that it does are duplicates then.
func (e *Entry) fit() (Entry, []byte) {
	for n := len(e.Seqs); ; n /= 2 {
		part := e.tail(n)
		records := deflate(part.Seqs)
		if n == 0 || len(records)+len(part.Has)*(overhead+(n+7)/8) <= maxBytes {
			return part, records
		}
	}
}

// tail returns what e says of its last n records.
func (e *Entry) tail(n int) Entry {
	skip := len(e.Seqs) - n
	if skip == 0 {
		return *e
	}
	t := Entry{Last: e.Last, Seqs: e.Seqs[skip:], Has: make(map[string]Bits, len(e.Has))}
	for target, bits := range e.Has {
		t.Has[target] = NewBits(n)
		for i := range n {
			if bits.Get(skip + i) {
				t.Has[target].Set(i)
			}
		}
	}
	return t
}

// deflate writes each sequence number behind its length, compressed: those of a
// batch have most of their digits in common.
func deflate(seqs []string) []byte {
	var text []byte
	for _, seq := range seqs {
		text = append(binary.AppendUvarint(text, uint64(len(seq))), seq...)
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed) // the level is one that there is
	_, _ = w.Write(text)                         // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

var errRecords = errors.New(`the attribute "records" is not what fanout writes`)

func inflate(records []byte) (seqs []string, err error) {
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(records)), maxInflated+1))
	if err != nil || len(text) > maxInflated {
		return nil, errRecords
	}
	all := string(text)
	for all != "" {
		n, size := binary.Uvarint([]byte(all[:min(len(all), binary.MaxVarintLen64)]))
		if size <= 0 || n > math.MaxInt32 || int(n) > len(all)-size {
			return nil, errRecords
		}
		seqs = append(seqs, all[size:size+int(n)])
		all = all[size+int(n):]
	}
	return seqs, nil
}

// sortable returns the range key of a sequence number. Such keys sort as the
// numbers do, which have no zeros in front.
func sortable(seq string) string { return fmt.Sprintf("%03d%s", len(seq), seq) }
