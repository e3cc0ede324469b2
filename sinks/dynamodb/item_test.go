package dynamodb

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
)

func TestTyped(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{}`, `{}`},
		{` { "s" : "\u00e9\n" , "n" : -1.50e3 , "b" : [ true , null , { } , [ ] ] } `,
			`{"s":{"S":"\u00e9\n"},"n":{"N":"-1.50e3"},"b":{"L":[{"BOOL":true},{"NULL":true},{"M":{}},{"L":[]}]}}`},
		{`{"n":1234567890123456789012345678901234567890}`, `{"n":{"N":"1234567890123456789012345678901234567890"}}`},
		{`{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, `{"a":` + strings.Repeat(`{"L":[`, 31) + strings.Repeat(`]}`, 31) + `}`},
	} {
		got, fault := typed([]byte(tt.in))
		if diff := cmp.Diff(tt.want, string(got)); fault != "" || diff != "" {
			t.Errorf("%s: %s\n%s", tt.in, fault, diff)
		}
	}
	for _, in := range []string{``, `[]`, `"a"`, `{"a":}`, `{}x`, "{\"a\":\"\xff\"}", `{"a":1`, `{"a":` + strings.Repeat("[", 33)} {
		if got, fault := typed([]byte(in)); fault == "" {
			t.Errorf("%q becomes %s", in, got)
		}
	}
}

// FuzzTyped compares with encoding/json: plain JSON that is an object, no deeper than DynamoDB
// allows, has an item of the same values.
func FuzzTyped(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",{"b":null}],"c":true}`, `{"a":1e400}`, `{`, `[]`, `{"a":{"a":{"a":[[[]]]}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, fault := typed(in)
		var want map[string]any
		d := json.NewDecoder(strings.NewReader(string(in)))
		d.UseNumber()
		bad := d.Decode(&want) != nil || want == nil || !json.Valid(in)
		if fault == "" && bad {
			t.Fatalf("%q becomes %q", in, got)
		}
		if fault != "" {
			return
		}
		if _, fault := membersOf(got); fault == notObject {
			t.Fatalf("%q is no item", got)
		}
		var item map[string]any
		if err := json.Unmarshal(got, &item); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if diff := cmp.Diff(want, plainOf(t, item).(map[string]any)); diff != "" {
			t.Errorf("%q becomes %q:\n%s", in, got, diff)
		}
	})
}

// plainOf returns the value that the attributes of an item have in plain JSON.
func plainOf(t *testing.T, item map[string]any) any {
	plain := map[string]any{}
	for name, v := range item {
		plain[name] = plainValue(t, v)
	}
	return plain
}

func plainValue(t *testing.T, v any) any {
	typed, ok := v.(map[string]any)
	if !ok || len(typed) != 1 {
		t.Fatalf("%v is no attribute value", v)
	}
	for kind, v := range typed {
		switch kind {
		case "N":
			return json.Number(v.(string))
		case "NULL":
			return nil
		case "M":
			return plainOf(t, v.(map[string]any))
		case "L":
			all := []any{}
			for _, e := range v.([]any) {
				all = append(all, plainValue(t, e))
			}
			return all
		default:
			return v
		}
	}
	return nil
}

// FuzzMembers asserts that the data of a record never changes the rest of a request.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{"id":{"S":"a"}}`, `{}`, ` { "a" : {"N":"1"} } `, `{"a":1},"b":{`, `{"fanout:seq":{"S":"0123456789abcdef/0011"},"a":{"S":"x"}}`,
		`{"fanout\u003aseq":{"S":"0123456789abcdef/0011"}}`, `{"fanout:seq":{"N":"1"}}`, `{"fanout:seq":1,"fanout:seq":{"S":"0123456789abcdef/0011"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		inner, fault := membersOf(in)
		if fault != "" {
			return
		}
		var want, got map[string]json.RawMessage
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatalf("%q is accepted: %v", in, err)
		}
		if err := json.Unmarshal([]byte("{"+string(inner)+"}"), &got); err != nil {
			t.Fatalf("%q becomes %q: %v", in, inner, err)
		}
		delete(want, OrderAttribute)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q becomes %q:\n%s", in, inner, diff)
		}
	})
}

// TestPositions asserts that positions are in the order of their changes.
func TestPositions(t *testing.T) {
	const kinesis = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	huge := strings.Repeat("9", 40)
	for _, tt := range []struct {
		name    string
		sources [2]string
		recs    [2]engine.Record
	}{
		{"more digits", [2]string{streamARN, streamARN}, [2]engine.Record{{Seq: "99"}, {Seq: "100"}}},
		{"forty digits", [2]string{streamARN, streamARN}, [2]engine.Record{{Seq: huge[:39]}, {Seq: huge}}},
		{"leading zeros", [2]string{streamARN, streamARN}, [2]engine.Record{{Seq: "000000000000099"}, {Seq: "100"}}},
		{"parts", [2]string{kinesis, kinesis}, [2]engine.Record{{Seq: "9"}, {Seq: "9", Sub: 1}}},
		{"many parts", [2]string{kinesis, kinesis}, [2]engine.Record{{Seq: "9", Sub: 9}, {Seq: "9", Sub: 10}}},
		{"parts of the one before", [2]string{kinesis, kinesis}, [2]engine.Record{{Seq: "9", Sub: 1 << 40}, {Seq: "10"}}},
		{"another shard", [2]string{kinesis, kinesis}, [2]engine.Record{{Seq: "9", Lane: "shardId-1"}, {Seq: "10", Lane: "shardId-0"}}},
		{"a later stream of the table", [2]string{streamARN, tableARN + "/stream/2026-03-01T09:00:00.001"}, [2]engine.Record{{Seq: "100"}, {Seq: "99"}}},
	} {
		a, b := newOrdering(tt.sources[0]), newOrdering(tt.sources[1])
		first, last := a.of(&tt.recs[0]), b.of(&tt.recs[1])
		if first.text >= last.text || first.scope != last.scope || !strings.HasPrefix(last.text, last.scope) || !isPosition(first.text) || !isPosition(last.text) {
			t.Errorf("%s: %+v is not before %+v", tt.name, first, last)
		}
	}
	topics := newOrdering("arn:aws:kafka:eu-west-1:123456789012:cluster/c/1")
	a, b := topics.of(&engine.Record{Lane: "t-0", Seq: "7"}), topics.of(&engine.Record{Lane: "t-1", Seq: "1"})
	if a.scope == b.scope {
		t.Error("offsets of two partitions are compared")
	}
	for _, seq := range []string{"", "3f1c", "-1", "1.5", strings.Repeat("1", 1000)} {
		if at := topics.of(&engine.Record{Seq: seq}); at.text != "" {
			t.Errorf("%s has the position %+v", seq, at)
		}
	}
}

// FuzzPositions compares the order of positions with that of numbers.
func FuzzPositions(f *testing.F) {
	f.Add("1", "2", 0, 0)
	f.Add("99", "100", 7, 1)
	f.Fuzz(func(t *testing.T, a, b string, subA, subB int) {
		o := newOrdering(streamARN)
		ra, rb := engine.Record{Seq: a, Sub: max(subA, 0) % 1e15}, engine.Record{Seq: b, Sub: max(subB, 0) % 1e15}
		pa, pb := o.of(&ra), o.of(&rb)
		if pa.text == "" || pb.text == "" {
			return
		}
		na, _ := new(big.Int).SetString(a, 10)
		nb, _ := new(big.Int).SetString(b, 10)
		want := na.Cmp(nb)
		if want == 0 {
			want = ra.Sub - rb.Sub
		}
		if got := strings.Compare(pa.text, pb.text); sign(got) != sign(want) {
			t.Errorf("%s/%d and %s/%d: %d, want %d", a, ra.Sub, b, rb.Sub, got, want)
		}
	})
}

func sign(n int) int { return min(max(n, -1), 1) }

func TestByKey(t *testing.T) {
	var batch []engine.Record
	for i := range 7 {
		batch = append(batch, put(fmt.Sprint(i%3), i))
	}
	if got := byKey(batch); !slices.EqualFunc(got, [][]int{{0, 3, 6}, {1, 4}, {2, 5}}, slices.Equal[[]int]) {
		t.Error(got)
	}
}
