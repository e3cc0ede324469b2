package kinesis

import (
	"crypto/md5" //nolint:gosec // Kinesis maps keys to shards with it
	"encoding/binary"
	"math/big"
	"math/bits"
)

// hashKey is a number of 128 bits. Each shard takes a range of hash keys.
type hashKey struct{ high, low uint64 }

var lastHashKey = hashKey{^uint64(0), ^uint64(0)}

// hashKeyOf returns the hash key of a partition key.
func hashKeyOf(partitionKey string) hashKey {
	var room [maxKey]byte
	sum := md5.Sum(append(room[:0], partitionKey...)) //nolint:gosec // as above
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey parses a decimal number.
func parseHashKey(text string) (h hashKey, ok bool) {
	for i := range len(text) {
		digit := uint64(text[i] - '0')
		if digit > 9 {
			return hashKey{}, false
		}
		overHigh, high := bits.Mul64(h.high, 10)
		overLow, low := bits.Mul64(h.low, 10)
		low, carry := bits.Add64(low, digit, 0)
		high, carry = bits.Add64(high, overLow, carry)
		if overHigh+carry > 0 {
			return hashKey{}, false
		}
		h = hashKey{high, low}
	}
	return h, text != ""
}

// String returns the decimal number.
func (h hashKey) String() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], h.high)
	binary.BigEndian.PutUint64(b[8:], h.low)
	return new(big.Int).SetBytes(b[:]).String()
}

func (h hashKey) less(o hashKey) bool {
	return h.high < o.high || h.high == o.high && h.low < o.low
}

// next returns the number after h, which is not the last one.
func (h hashKey) next() hashKey {
	low, carry := bits.Add64(h.low, 1, 0)
	return hashKey{h.high + carry, low}
}
