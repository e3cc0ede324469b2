package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// errDigest reports an item that was copied from elsewhere, changed, or written with
// another key.
var errDigest = errors.New("its digest is wrong: it was written for another function, shard or batch, or with another FANOUT_LEDGER_KEY")

// digest returns the HMAC-SHA-256 of all of an item's other attributes, keys included.
func (t *Table) digest(it item) []byte {
	h := hmac.New(sha256.New, []byte("fanout ledger 1 "+t.Key))
	part := func(text []byte) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(text))))
		_, _ = h.Write(text)
	}
	for _, name := range []string{"shard", "batch", "expires", "written", "records"} {
		switch v := it[name].(type) {
		case *types.AttributeValueMemberS:
			part([]byte(v.Value))
		case *types.AttributeValueMemberN:
			part([]byte(v.Value))
		case *types.AttributeValueMemberB:
			part(v.Value)
		}
	}
	has, _ := it["has"].(*types.AttributeValueMemberM)
	for _, target := range slices.Sorted(maps.Keys(has.Value)) {
		part([]byte(target))
		if bits, ok := has.Value[target].(*types.AttributeValueMemberB); ok {
			part(bits.Value)
		}
	}
	return h.Sum(nil)
}
