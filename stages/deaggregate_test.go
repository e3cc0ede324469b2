package stages_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/awslabs/kinesis-aggregation/go/v2/deaggregator"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/kpl"
	"fanout/stages"
)

// user is a user record of an aggregate.
type user struct {
	Key, HashKey, Data string
	Sub                int
}

// message returns the AggregatedRecord of users.
func message(users ...user) string {
	var keys, hashKeys, recs string
	hashes := uint64(0)
	for i, u := range users {
		keys = put(keys, 1, u.Key)
		rec := index("", 1, uint64(i))
		if u.HashKey != "" {
			hashKeys = put(hashKeys, 2, u.HashKey)
			rec = index(rec, 2, hashes)
			hashes++
		}
		recs += record(put(rec, 3, u.Data))
	}
	return keys + hashKeys + recs
}

// put appends a field of text to a message.
func put(message string, number protowire.Number, value string) string {
	return string(protowire.AppendString(protowire.AppendTag([]byte(message), number, protowire.BytesType), value))
}

// index appends a field with a number to a message.
func index(message string, number protowire.Number, value uint64) string {
	return string(protowire.AppendVarint(protowire.AppendTag([]byte(message), number, protowire.VarintType), value))
}

// record is the field of an AggregatedRecord that holds a Record.
func record(message string) string { return put("", 3, message) }

// seal makes an aggregate of a message.
func seal(message string) string { return string(kpl.Seal([]byte(message))) }

func users(recs []engine.Record) []user {
	var us []user
	for _, r := range recs {
		us = append(us, user{r.Key, r.HashKey, string(r.Data.Bytes()), r.Sub})
	}
	return us
}

func TestDeaggregate(t *testing.T) {
	sealed := seal(message(user{Key: "k", Data: "secret"}))
	badSum := []byte(sealed)
	badSum[len(badSum)-1]++
	// The tables come after the records, with an unknown field and two values of one
	// field.
	shuffled := record(put(put(index(index("", 1, 1), 9, 7), 3, "first"), 3, "last"))
	shuffled = put(put(shuffled, 1, "a"), 1, "b")

	for name, c := range map[string]struct {
		data   string
		want   []user
		passes bool // unchanged
	}{
		"empty":           {data: "", passes: true},
		"plain":           {data: "a plain record, longer than a checksum", passes: true},
		"magic alone":     {data: "\xf3\x89\x9a\xc2", passes: true},
		"magic and short": {data: "\xf3\x89\x9a\xc2 not an aggrega", passes: true},
		"wrong magic":     {data: "\xf3\x89\x9a\xc3" + sealed[4:], passes: true},
		"wrong last bits": {data: "\xf3\x89\x9a\xc0" + sealed[4:], passes: true},
		"wrong MD5":       {data: string(badSum), passes: true},
		"truncated":       {data: sealed[:len(sealed)-1], passes: true},

		"one":                {data: seal(message(user{Key: "k", Data: "d"})), want: []user{{"k", "", "d", 0}}},
		"empty data":         {data: seal(message(user{Key: "k"})), want: []user{{"k", "", "", 0}}},
		"tables behind":      {data: seal(shuffled), want: []user{{"b", "", "last", 0}}},
		"shared key":         {data: seal(message(user{Key: "k", Data: "1"}) + record(put(index("", 1, 0), 3, "2"))), want: []user{{"k", "", "1", 0}, {"k", "", "2", 1}}},
		"tags":               {data: seal(put("", 1, "k") + record(put(put(index("", 1, 0), 4, put("", 1, "tag")), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"hash keys":          {data: seal(message(user{Key: "a", HashKey: "7", Data: "1"}, user{Key: "b", Data: "2"}, user{Key: "ü", HashKey: "9", Data: "3"})), want: []user{{"a", "7", "1", 0}, {"b", "", "2", 1}, {"ü", "9", "3", 2}}},
		"inner magic":        {data: seal(message(user{Key: "k", Data: sealed})), want: []user{{"k", "", sealed, 0}}},
		"unknown type":       {data: seal(index(put(index("", 1, 1), 1, "k"), 3, 1) + record(put(index(put(index(put("", 1, "x"), 1, 0), 2, "x"), 3, 5), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"unknown fields":     {data: seal(put(index(put("", 1, "k"), 1000, 1), 9, "x") + record(put(put(index("", 1, 0), 3, "d"), 7, ""))), want: []user{{"k", "", "d", 0}}},
		"groups":             {data: seal("\x0a\x01k\x4b\x08\x01\x4c" + record(put(index("", 1, 0), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"groups in a group":  {data: seal("\x0a\x01k\x4b\x53\x08\x01\x12\x01x\x54\x19" + "8 bytes." + "\x25" + "four" + "\x4c" + record(put(index("", 1, 0), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"deep groups":        {data: seal("\x0a\x01k" + strings.Repeat("\x4b", 10_000) + strings.Repeat("\x4c", 10_000) + record(put(index("", 1, 0), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"values of 8 bytes":  {data: seal("\x0a\x01k\x49" + "8 bytes." + record(put(index("", 1, 0), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"values of 4 bytes":  {data: seal("\x0a\x01k\x4d" + "four" + record(put(index("", 1, 0), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"key not UTF-8":      {data: seal(put("", 1, "a\xff\xe2\x82b") + record(put(index("", 1, 0), 3, "d"))), want: []user{{"a\uFFFDb", "", "d", 0}}},
		"hash key beyond":    {data: seal(message(user{Key: "k", HashKey: "1", Data: "1"}) + record(put(index(index("", 1, 0), 2, 1), 3, "2"))), want: []user{{"k", "1", "1", 0}, {"k", "", "2", 1}}},
		"no hash key table":  {data: seal(put("", 1, "k") + record(put(index(index("", 1, 0), 2, 0), 3, "d"))), want: []user{{"k", "", "d", 0}}},
		"largest hash key":   {data: seal(message(user{Key: "k", HashKey: "0340282366920938463463374607431768211455", Data: "d"})), want: []user{{"k", "0340282366920938463463374607431768211455", "d", 0}}},
		"too large hash key": {data: seal(message(user{Key: "k", HashKey: "340282366920938463463374607431768211456", Data: "d"})), want: []user{{"k", "", "d", 0}}},
		"longer hash key":    {data: seal(message(user{Key: "k", HashKey: strings.Repeat("1", 40), Data: "d"})), want: []user{{"k", "", "d", 0}}},
		"no number":          {data: seal(message(user{Key: "k", HashKey: "-1", Data: "d"})), want: []user{{"k", "", "d", 0}}},
		"index of 33 bits":   {data: seal(put("", 1, "k") + record(put(index("", 1, 1<<32), 3, "d"))), want: []user{{"k", "", "d", 0}}},

		"nothing at all":        {data: seal(""), passes: true},
		"keys alone":            {data: seal(put("", 1, "k")), passes: true},
		"no protobuf":           {data: seal("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), passes: true},
		"cut short":             {data: seal(message(user{Key: "k", Data: "secret"})[:8]), passes: true},
		"field 0":               {data: seal(message(user{Key: "k", Data: "d"}) + "\x00\x01"), passes: true},
		"end of no group":       {data: seal(message(user{Key: "k", Data: "d"}) + "\x4c"), passes: true},
		"group without an end":  {data: seal(message(user{Key: "k", Data: "d"}) + "\x4b\x08\x01"), passes: true},
		"end of another group":  {data: seal(message(user{Key: "k", Data: "d"}) + "\x4b\x54"), passes: true},
		"groups too deep":       {data: seal(message(user{Key: "k", Data: "d"}) + strings.Repeat("\x4b", 10_002) + strings.Repeat("\x4c", 10_002)), passes: true},
		"field 0 in a group":    {data: seal(message(user{Key: "k", Data: "d"}) + "\x4b\x00\x01\x4c"), passes: true},
		"text cut in a group":   {data: seal(message(user{Key: "k", Data: "d"}) + "\x4b\x12\x05\x4c"), passes: true},
		"type 7 in a group":     {data: seal(message(user{Key: "k", Data: "d"}) + "\x4b\x0f\x4c"), passes: true},
		"7 bytes of 8":          {data: seal(message(user{Key: "k", Data: "d"}) + "\x49" + "7 bytes"), passes: true},
		"3 bytes of 4":          {data: seal(message(user{Key: "k", Data: "d"}) + "\x4d" + "two"), passes: true},
		"wire type 7":           {data: seal(message(user{Key: "k", Data: "d"}) + "\x0f"), passes: true},
		"records of wrong type": {data: seal(index("", 3, 1)), passes: true},
		"no protobuf inside":    {data: seal(record("\x07")), passes: true},
		"key beyond":            {data: seal(message(user{Key: "k", Data: "1"}) + record(put(index("", 1, 1), 3, "2"))), passes: true},
		"key far beyond":        {data: seal(put("", 1, "k") + record(put(index("", 1, 1<<31), 3, "d"))), passes: true},
		"no key":                {data: seal(put("", 1, "k") + record(put("", 3, "d"))), passes: true},
		"key of wrong type":     {data: seal(put("", 1, "k") + record(put(put("", 1, "x"), 3, "d"))), passes: true},
		"no data":               {data: seal(put("", 1, "k") + record(index("", 1, 0))), passes: true},
		"data of wrong type":    {data: seal(put("", 1, "k") + record(index(index("", 1, 0), 3, 5))), passes: true},
		"tag without a key":     {data: seal(put("", 1, "k") + record(put(put(index("", 1, 0), 3, "d"), 4, ""))), passes: true},
		"tag cut short":         {data: seal(put("", 1, "k") + record(put(put(index("", 1, 0), 3, "d"), 4, "\x0a\x02k"))), passes: true},
	} {
		t.Run(name, func(t *testing.T) {
			in := records("before", c.data, "after")
			for form, in := range map[string][]engine.Record{"bytes": in, "text": encode(in)} {
				out := engine.Apply(t.Context(), stages.Deaggregate{}, in)
				want := []user{{"key-0", "", "before", 0}}
				if c.passes {
					want = append(want, user{"key-1", "", c.data, 0})
				}
				want = append(append(want, c.want...), user{"key-2", "", "after", 0})
				if diff := cmp.Diff(want, users(out.Emitted)); diff != "" {
					t.Errorf("%s: emitted (-want +got)\n%s", form, diff)
				}
				if len(out.Failed)+len(out.Dropped) > 0 {
					t.Errorf("%s: failed %v, dropped %v", form, out.Failed, out.Dropped)
				}
				for _, r := range out.Emitted {
					if r.Lane != lane || string(r.Raw) != string(in[0].Raw) || r.Seq == "" {
						t.Errorf("%s: the origin was lost: %+v", form, r)
					}
				}
			}
		})
	}
}

func TestDeaggregateStage(t *testing.T) {
	in := records("plain",
		seal(message(user{Key: "a", Data: "1"}, user{Key: "b", HashKey: "2", Data: "2"})),
		seal("broken"), seal(""), "")
	enginetest.CheckStage(t, stages.Deaggregate{}, in)
	enginetest.CheckStage(t, stages.Deaggregate{}, encode(in))
}

func TestDeaggregateAllocs(t *testing.T) {
	plain := slices.Repeat([]string{"a plain record, longer than a checksum"}, 100)
	for form, fresh := range map[string]func() []engine.Record{
		"bytes": func() []engine.Record { return records(plain...) },
		"text":  func() []engine.Record { return encode(records(plain...)) },
	} {
		// A stage that only passes records on shows the engine's own allocations.
		if extra := allocs(t, stages.Deaggregate{}, fresh) - allocs(t, stages.Collapse{}, fresh); extra != 0 {
			t.Errorf("plain %s: %v allocations for %d records", form, extra, len(plain))
		}
	}
	many := make([]user, 1000)
	for i := range many {
		many[i] = user{Key: fmt.Sprintf("key-%d", i), HashKey: fmt.Sprint(i), Data: "some data"}
	}
	aggregate := seal(message(many...))
	if n := allocs(t, stages.Deaggregate{}, func() []engine.Record { return records(aggregate) }); n > 100 {
		t.Errorf("an aggregate of %d: %v allocations", len(many), n)
	}
}

// allocs returns the number of allocations by s for fresh records.
func allocs(t *testing.T, s engine.Stage, fresh func() []engine.Record) float64 {
	const runs = 10
	var in [][]engine.Record
	for range runs + 1 { // AllocsPerRun begins with a call that it does not count
		in = append(in, fresh())
	}
	return testing.AllocsPerRun(runs, func() {
		engine.Apply(t.Context(), s, in[0])
		in = in[1:]
	})
}

func ExampleDeaggregate() {
	in := records("a plain record", seal(message(
		user{Key: "customer-1", Data: "first"},
		user{Key: "customer-2", Data: "second"},
	)))
	out := engine.Apply(context.Background(), stages.Deaggregate{}, in)
	for _, r := range out.Emitted {
		fmt.Println(r.Seq, r.Sub, r.Key, string(r.Data.Bytes()))
	}
	// Output:
	// 100 0 key-0 a plain record
	// 101 0 customer-1 first
	// 101 1 customer-2 second
}

// FuzzDeaggregate compares with the aggregation library on data that passes the
// library's checksum.
// A small compressed aggregate may have millions of user records, which would take all of the
// function's memory.
func TestDeaggregateBound(t *testing.T) {
	two := message(user{Key: "a", Data: "1"}, user{Key: "a", Data: "2"})
	three := message(user{Key: "a", Data: "1"}, user{Key: "a", Data: "2"}, user{Key: "a", Data: "3"})
	manyKeys := put("", 1, "a") + put("", 1, "b") + put("", 1, "c") + record(put(index("", 1, 0), 3, "1"))
	s := stages.Deaggregate{Records: 2}
	in := records("plain", seal(three), seal(manyKeys), seal(two), "plain", seal(two))
	out := engine.Apply(t.Context(), s, in)
	if got := users(out.Emitted); len(got) != 4 || got[1].Data != "1" || got[2].Data != "2" {
		t.Errorf("got %v", got)
	}
	var failed []string
	for _, l := range out.Failed {
		failed = append(failed, engine.ClassOf(l.Err).String()+" "+string(l.Record.Data.Bytes()))
	}
	want := []string{"permanent " + seal(three), "permanent " + seal(manyKeys), "retryable " + seal(two)}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Errorf("failed (-want +got)\n%s", diff)
	}
	enginetest.CheckStage(t, s, in)
}

func FuzzDeaggregate(f *testing.F) {
	f.Add([]byte(message(user{Key: "a", Data: "1"}, user{Key: "b", HashKey: "7", Data: "2"})), true)
	f.Add([]byte(record(put(index("", 1, 0), 3, "d"))+put("", 1, "k")), true)
	f.Add([]byte(record(index("", 1, 5))), true)
	f.Add([]byte("\x1a\x02\x08"), true)
	f.Add([]byte("\xf3\x89\x9a\xc2 and more than sixteen bytes"), false)
	f.Fuzz(func(t *testing.T, raw []byte, sealed bool) {
		data := string(raw)
		if sealed {
			data = seal(data)
		}
		in := records(data)
		out := engine.Apply(t.Context(), stages.Deaggregate{}, in)
		got := users(out.Emitted)
		if diff := cmp.Diff(got, users(engine.Apply(t.Context(), stages.Deaggregate{}, encode(in)).Emitted)); diff != "" {
			t.Fatalf("bytes and base64 differ:\n%s", diff)
		}
		if len(got) == 0 || len(out.Failed)+len(out.Dropped) > 0 {
			t.Fatalf("%d records came out, failed %v, dropped %v", len(got), out.Failed, out.Dropped)
		}
		if len(got) == 1 && got[0].Data == data {
			return // unchanged
		}
		want, ok := byLibrary([]byte(data))
		if !ok {
			return // the library is stricter
		}
		if len(want) != len(got) {
			t.Fatalf("got %v, the library %v", got, want)
		}
		for i := range got {
			if got[i].Data != string(want[i].Data) || len(got) > 1 && got[i].Key != strings.ToValidUTF8(*want[i].PartitionKey, "\uFFFD") {
				t.Fatalf("record %d: got %v, the library %q", i, got[i], want[i].Data)
			}
		}
	})
}

func byLibrary(data []byte) (recs []types.Record, ok bool) {
	defer func() {
		if recover() != nil {
			recs, ok = nil, false
		}
	}()
	key := "key-0"
	recs, err := deaggregator.DeaggregateRecords([]types.Record{{Data: data, PartitionKey: &key}})
	return recs, err == nil
}

func BenchmarkDeaggregate(b *testing.B) {
	many := make([]user, 100)
	for i := range many {
		many[i] = user{Key: fmt.Sprintf("customer-%d", i), Data: strings.Repeat("x", 200)}
	}
	plain := records(strings.Repeat("x", 20_000))
	for _, c := range []struct {
		name string
		data string
		out  int
	}{
		{"aggregate", seal(message(many...)), len(many)},
		{"plain", string(plain[0].Data.Bytes()), 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(base64.StdEncoding.EncodeToString([]byte(c.data)))
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				in := []engine.Record{{Data: engine.Base64(text)}}
				if out := engine.Apply(b.Context(), stages.Deaggregate{}, in); len(out.Emitted) != c.out {
					b.Fatalf("%d records", len(out.Emitted))
				}
			}
			b.ReportMetric(float64(b.N*c.out)/b.Elapsed().Seconds(), "records/s")
		})
	}
	b.Run("checksum alone", func(b *testing.B) { // both compute it
		data := []byte(message(many...))
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			_ = md5.Sum(data)
		}
	})
	// The library takes decoded data.
	b.Run("aggregate by library", func(b *testing.B) {
		data := seal(message(many...))
		text := base64.StdEncoding.EncodeToString([]byte(data))
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			decoded, err := base64.StdEncoding.DecodeString(text)
			if recs, ok := byLibrary(decoded); err != nil || !ok || len(recs) != len(many) {
				b.Fatal(len(recs), err)
			}
		}
		b.ReportMetric(float64(b.N*len(many))/b.Elapsed().Seconds(), "records/s")
	})
}
