package ledger

import (
	"bytes"
	"compress/flate"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An item with a valid digest may have expired, or have content that fanout never writes.
// Reading one never takes more memory than reading an item of fanout.
func TestRead(t *testing.T) {
	later := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	text := func(names ...string) []byte { return deflate(join(names)) }
	for name, c := range map[string]struct {
		expires, written string
		records          []byte
		want             string // error
		names            int
	}{
		"good":               {later, "1", text("1", "2"), "", 2},
		"no names":           {later, "1", text(), "", 0},
		"expired":            {"1763800000", "1", text("1"), "", 1},
		"expires a fraction": {"1.5", "1", text("1"), "not a whole number", 0},
		"written a fraction": {later, "1e3", text("1"), "not a whole number", 0},
		"not compressed":     {later, "1", []byte("names"), "in fanout's format", 0},
		"a name cut off":     {later, "1", deflate([]byte{9, '1'}), "in fanout's format", 0},
		"a length cut off":   {later, "1", deflate([]byte{0xff, 0xff}), "in fanout's format", 0},
		"8 MB of nothing":    {later, "1", zeros(8 << 20), "in fanout's format", 0},
		"too many names":     {later, "1", zeros(maxNames + 1), "in fanout's format", 0},
		"as many as may be":  {later, "1", zeros(maxNames), "", maxNames},
		"too large":          {later, "1", bytes.Repeat([]byte("x"), maxBytes+1), "in fanout's format", 0},
	} {
		t.Run(name, func(t *testing.T) {
			table := &Table{Name: "ledger"}
			it := key("s", "2")
			it["expires"] = &types.AttributeValueMemberN{Value: c.expires}
			it["written"] = &types.AttributeValueMemberN{Value: c.written}
			it["records"] = &types.AttributeValueMemberB{Value: c.records}
			it["has"] = &types.AttributeValueMemberM{Value: item{"a": &types.AttributeValueMemberB{Value: []byte{1}}, "b": &types.AttributeValueMemberS{Value: "1"}}}
			it["digest"] = &types.AttributeValueMemberB{Value: table.digest(it)}
			e, err := table.read("s", it)
			switch {
			case c.want == "" && (err != nil || len(e.Names) != c.names || len(e.Has) != 1):
				t.Errorf("got %d names, %v", len(e.Names), err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
			r := reading{table: table, shard: "s"}
			r.add(it)
			if used := len(r.entries) == 1; used != (c.want == "" && name != "expired") {
				t.Errorf("the entry is used: %v", used)
			}
		})
	}
}

// zeros returns n empty names, compressed.
func zeros(n int) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(make([]byte, n))
	_ = w.Close()
	return b.Bytes()
}

func FuzzRead(f *testing.F) {
	f.Add(deflate(join([]string{"1", "1#0/2"})))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, records []byte) {
		names, err := inflate(records)
		if err != nil {
			return
		}
		again, err := inflate(deflate(join(names)))
		if err != nil || len(again) != len(names) {
			t.Fatalf("%d names became %d: %v", len(names), len(again), err)
		}
	})
}

func TestPart(t *testing.T) {
	for name, want := range map[string]bool{"17#2/5": true, "17/abc-2#2/5": true, "17": false, "17/abc": false, "17#2": false, "17#x/5": false, "17#2/": false, "": false} {
		seq, sub, of, ok := ParsePart(name)
		if ok != want || ok && Part(seq, sub, of) != name {
			t.Errorf("%q: %q, %d, %d, %v", name, seq, sub, of, ok)
		}
	}
}
