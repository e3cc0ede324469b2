package ledger

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// oneItem is a table that holds the item written last.
type oneItem struct {
	API
	item item
}

func (o *oneItem) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	o.item = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func (o *oneItem) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return &dynamodb.QueryOutput{Items: []item{o.item}}, nil
}

// claim states that a target has the record of a name.
type claim struct{ target, name string }

// claims returns all claims of an entry.
func claims(e *Entry) map[claim]bool {
	all := make(map[claim]bool)
	for target, bits := range e.Has {
		for i, name := range e.Names {
			if bits.Get(i) {
				all[claim{target, name}] = true
			}
		}
	}
	return all
}

// holds returns the claims that an item holds. It reads the item in the plainest way.
func holds(it item) map[claim]bool {
	all := make(map[claim]bool)
	records, _ := it["records"].(*types.AttributeValueMemberB)
	has, _ := it["has"].(*types.AttributeValueMemberM)
	if records == nil || has == nil {
		return all
	}
	text := bufio.NewReader(flate.NewReader(bytes.NewReader(records.Value)))
	for i := 0; ; i++ {
		n, err := binary.ReadUvarint(text)
		if err != nil || n > maxText {
			return all
		}
		name := make([]byte, n)
		if _, err := io.ReadFull(text, name); err != nil {
			return all
		}
		for target, value := range has.Value {
			if b, ok := value.(*types.AttributeValueMemberB); ok && i/8 < len(b.Value) && b.Value[i/8]>>(i%8)&1 == 1 {
				all[claim{target, string(name)}] = true
			}
		}
	}
}

// attributes are the attributes of an item, and one that it does not have.
var attributes = []string{"shard", "batch", "expires", "written", "records", "has", "digest", "other"}

// value returns an attribute value of one of several types, or nil.
func value(kind uint8, text string) types.AttributeValue {
	switch kind % 7 {
	case 0:
		return &types.AttributeValueMemberS{Value: text}
	case 1:
		return &types.AttributeValueMemberN{Value: text}
	case 2:
		return &types.AttributeValueMemberB{Value: []byte(text)}
	case 3:
		return &types.AttributeValueMemberM{Value: item{"target": &types.AttributeValueMemberB{Value: []byte(text)}}}
	case 4:
		return &types.AttributeValueMemberM{Value: item{"target": &types.AttributeValueMemberS{Value: text}, text: nil}}
	case 5:
		return &types.AttributeValueMemberNULL{Value: true}
	}
	return nil
}

// No item makes the reader panic or claim a delivery that the item does not hold. An
// item that was changed after it was written claims nothing new, unless its digest was
// made again.
func FuzzItem(f *testing.F) {
	f.Add("1\n1#0/2\n1#1/2\n2", []byte{0b1010}, uint8(7), uint8(0), "")
	f.Add("1\n2\n3", []byte{0b101}, uint8(5), uint8(3), "\xff\xff")
	f.Add("1\n2\n3", []byte{0b101}, uint8(5), uint8(4), "x")
	f.Add("", []byte{}, uint8(4), uint8(2), string(deflate(join([]string{"7", "8"}))))
	f.Add("1", []byte{1}, uint8(4), uint8(2), "\x00not compressed")
	f.Add("1", []byte{1}, uint8(1), uint8(0), "00")
	f.Add("1", []byte{1}, uint8(2), uint8(1), "9223372036854775807")
	f.Add("1", []byte{1}, uint8(6), uint8(6), "")
	f.Fuzz(func(t *testing.T, names string, bits []byte, attribute, kind uint8, text string) {
		client := &oneItem{}
		table := &Table{Client: client, Name: "ledger", Key: "secret"}
		written := Entry{Last: "2", Names: strings.Split(names, "\n"), Has: map[string]Bits{"target": bits}}
		if err := table.Write(t.Context(), "shard", written); err != nil {
			t.Fatal(err)
		}
		read := func(what string, held map[claim]bool) (n int) {
			t.Helper()
			entries, _ := table.Read(t.Context(), "shard", "1")
			for i := range entries {
				for c := range claims(&entries[i]) {
					if !held[c] {
						t.Errorf("%s claims that %q has %q", what, c.target, c.name)
					}
				}
			}
			return len(entries)
		}
		unchanged := claims(&written)
		if n := read("the item as written", unchanged); n != 1 {
			t.Errorf("the item as written has %d entries", n)
		}

		client.item = maps.Clone(client.item)
		client.item[attributes[int(attribute)%len(attributes)]] = value(kind, text)
		read("a changed item", unchanged)

		if _, ok := client.item["has"].(*types.AttributeValueMemberM); ok {
			client.item["digest"] = &types.AttributeValueMemberB{Value: table.digest(client.item)}
			read("an item with a new digest", holds(client.item))
		}
	})
}
