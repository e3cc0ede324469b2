package stages_test

import (
	"bytes"
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
	"fanout/stages"
)

// user is a user record of an aggregate.
type user struct {
	Key, HashKey, Data string
	Sub                int
}

// message returns the AggregatedRecord of users.
func message(users ...user) []byte {
	var keys, hashKeys, recs []byte
	hashes := uint64(0)
	for i, u := range users {
		keys = put(keys, 1, u.Key)
		rec := index(nil, 1, uint64(i))
		if u.HashKey != "" {
			hashKeys = put(hashKeys, 2, u.HashKey)
			rec = index(rec, 2, hashes)
			hashes++
		}
		recs = put(recs, 3, string(put(rec, 3, u.Data)))
	}
	return bytes.Join([][]byte{keys, hashKeys, recs}, nil)
}

func put(b []byte, number protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), value)
}

func index(b []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), value)
}

// seal makes an aggregate of a message.
func seal[T string | []byte](message T) string {
	sum := md5.Sum([]byte(message))
	return "\xf3\x89\x9a\xc2" + string(message) + string(sum[:])
}

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
	// The tables behind the records, an unknown field, and the last of two values.
	shuffled := put(nil, 3, string(put(put(index(index(nil, 1, 1), 9, 7), 3, "first"), 3, "last")))
	shuffled = put(put(shuffled, 1, "a"), 1, "b")

	for name, c := range map[string]struct {
		data   string
		want   []user
		passes bool   // as it is
		fails  string // with this
		drops  string // with this
	}{
		"empty":           {data: "", passes: true},
		"plain":           {data: "a plain record, longer than a checksum", passes: true},
		"magic alone":     {data: "\xf3\x89\x9a\xc2", passes: true},
		"magic and short": {data: "\xf3\x89\x9a\xc2 not an aggrega", passes: true},
		"wrong magic":     {data: "\xf3\x89\x9a\xc3" + sealed[4:], passes: true},
		"wrong last bits": {data: "\xf3\x89\x9a\xc0" + sealed[4:], passes: true},
		"wrong MD5":       {data: string(badSum), passes: true},
		"truncated":       {data: sealed[:len(sealed)-1], passes: true},

		"one":            {data: seal(message(user{Key: "k", Data: "d"})), want: []user{{"k", "", "d", 0}}},
		"empty data":     {data: seal(message(user{Key: "k"})), want: []user{{"k", "", "", 0}}},
		"tables behind":  {data: seal(shuffled), want: []user{{"b", "", "last", 0}}},
		"shared key":     {data: seal(string(message(user{Key: "k", Data: "1"})) + string(put(nil, 3, string(put(index(nil, 1, 0), 3, "2"))))), want: []user{{"k", "", "1", 0}, {"k", "", "2", 1}}},
		"tags":           {data: seal(put(put(nil, 1, "k"), 3, string(put(put(index(nil, 1, 0), 4, string(put(nil, 1, "tag"))), 3, "d")))), want: []user{{"k", "", "d", 0}}},
		"hash keys":      {data: seal(message(user{Key: "a", HashKey: "7", Data: "1"}, user{Key: "b", Data: "2"}, user{Key: "ü", HashKey: "9", Data: "3"})), want: []user{{"a", "7", "1", 0}, {"b", "", "2", 1}, {"ü", "9", "3", 2}}},
		"inner magic":    {data: seal(message(user{Key: "k", Data: sealed})), want: []user{{"k", "", sealed, 0}}},
		"nothing at all": {data: seal(""), drops: "holds no user records"},
		"keys alone":     {data: seal(put(nil, 1, "k")), drops: "holds no user records"},

		"no protobuf":          {data: seal("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), fails: "the aggregated record is not a protobuf message"},
		"cut short":            {data: seal(message(user{Key: "k", Data: "secret"})[:8]), fails: "the aggregated record is not a protobuf message"},
		"wrong type":           {data: seal(index(nil, 3, 1)), fails: "the aggregated record has a field 3 of the wrong type"},
		"wrong type of key":    {data: seal(index(nil, 1, 1)), fails: "the aggregated record has a field 1 of the wrong type"},
		"key not UTF-8":        {data: seal(put(nil, 1, "\xff")), fails: "the aggregated record has a partition key that is not UTF-8"},
		"no protobuf inside":   {data: seal(put(nil, 3, "\x07")), fails: "user record 0 of the aggregated record is not a protobuf message"},
		"key out of range":     {data: seal(put(put(nil, 1, "k"), 3, string(put(index(nil, 1, 1), 3, "secret")))), fails: "user record 0 of the aggregated record points to partition key 1, beyond the table of 1"},
		"key far out of range": {data: seal(put(put(nil, 1, "k"), 3, string(put(index(nil, 1, 1<<63), 3, "secret")))), fails: "points to partition key 9223372036854775808,"},
		"hash key out of range": {data: seal(put(message(user{Key: "k", HashKey: "1", Data: "secret"}), 3, string(put(index(index(nil, 1, 0), 2, 1), 3, "secret")))),
			fails: "user record 1 of the aggregated record points to explicit hash key 1, beyond the table of 1"},
		"index of wrong type": {data: seal(put(nil, 3, string(put(nil, 1, "secret")))), fails: "user record 0 of the aggregated record has a field 1 of the wrong type"},
		"data of wrong type":  {data: seal(put(put(nil, 1, "k"), 3, string(index(index(nil, 1, 0), 3, 5)))), fails: "user record 0 of the aggregated record has a field 3 of the wrong type"},
		"no key":              {data: seal(put(nil, 3, string(put(nil, 3, "secret")))), fails: "user record 0 of the aggregated record has no partition key"},
		"no data":             {data: seal(put(put(nil, 1, "k"), 3, string(index(nil, 1, 0)))), fails: "user record 0 of the aggregated record has no data"},
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
				if diff := cmp.Diff(want, users(out.Emitted())); diff != "" {
					t.Errorf("%s: emitted (-want +got)\n%s", form, diff)
				}
				checkLoss(t, form+": failed", out.Failed(), c.fails)
				checkLoss(t, form+": dropped", out.Dropped(), c.drops)
				for _, l := range out.Failed() {
					if engine.ClassOf(l.Err) != engine.Permanent {
						t.Errorf("%s: failed for a %v reason: %v", form, engine.ClassOf(l.Err), l.Err)
					}
				}
				for _, r := range out.Emitted() {
					if r.Lane != lane || string(r.Raw) != string(in[0].Raw) || r.Seq == "" {
						t.Errorf("%s: the origin was lost: %+v", form, r)
					}
				}
			}
		})
	}
}

// checkLoss checks that the one record lost was the middle one of three, and why.
func checkLoss(t *testing.T, what string, losses []engine.Loss, why string) {
	t.Helper()
	if why == "" {
		if len(losses) > 0 {
			t.Errorf("%s: %v", what, losses[0].Err)
		}
		return
	}
	if len(losses) != 1 || losses[0].Record.Key != "key-1" {
		t.Fatalf("%s: %d records, want the middle one", what, len(losses))
	}
	if text := losses[0].Err.Error(); !strings.Contains(text, why) || strings.Contains(text, "secret") {
		t.Errorf("%s with %q, want %q without data", what, text, why)
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
		// A stage that only passes records on shows what the engine allocates.
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

// allocs returns how often s allocates for fresh records.
func allocs(t *testing.T, s engine.Stage, fresh func() []engine.Record) float64 {
	const runs = 10
	var in [][]engine.Record
	for range runs + 1 { // AllocsPerRun begins with one that it does not count
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
	for _, r := range out.Emitted() {
		fmt.Println(r.Seq, r.Sub, r.Key, string(r.Data.Bytes()))
	}
	// Output:
	// 100 0 key-0 a plain record
	// 101 0 customer-1 first
	// 101 1 customer-2 second
}

// FuzzDeaggregate compares with the aggregation library on whatever passes its
// checksum.
func FuzzDeaggregate(f *testing.F) {
	f.Add(message(user{Key: "a", Data: "1"}, user{Key: "b", HashKey: "7", Data: "2"}), true)
	f.Add(put(put(nil, 3, string(put(index(nil, 1, 0), 3, "d"))), 1, "k"), true)
	f.Add(put(nil, 3, string(index(nil, 1, 5))), true)
	f.Add([]byte("\x1a\x02\x08"), true)
	f.Add([]byte("\xf3\x89\x9a\xc2 and more than sixteen bytes"), false)
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if sealed {
			data = []byte(seal(data))
		}
		in := records(string(data))
		out := engine.Apply(t.Context(), stages.Deaggregate{}, in)
		if diff := cmp.Diff(users(out.Emitted()), users(engine.Apply(t.Context(), stages.Deaggregate{}, encode(in)).Emitted())); diff != "" {
			t.Fatalf("bytes and base64 differ:\n%s", diff)
		}
		want, ok := byLibrary(data)
		got := users(out.Emitted())
		switch {
		case !ok && len(got) > 0 && !bytes.Contains(data, []byte{0x22}): // the library reads tags too
			t.Fatalf("the library cannot read what came out as %v", got)
		case ok && len(want) != len(got) && len(out.Failed())+len(out.Dropped()) == 0:
			t.Fatalf("got %v, the library %v", got, want)
		}
		if ok && len(out.Failed())+len(out.Dropped()) == 0 {
			for i := range got {
				if got[i].Data != string(want[i].Data) || len(got) > 1 && got[i].Key != *want[i].PartitionKey {
					t.Fatalf("record %d: got %v, the library %q", i, got[i], want[i].Data)
				}
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
				if out := engine.Apply(b.Context(), stages.Deaggregate{}, in); len(out.Emitted()) != c.out {
					b.Fatalf("%d records", len(out.Emitted()))
				}
			}
			b.ReportMetric(float64(b.N*c.out)/b.Elapsed().Seconds(), "records/s")
		})
	}
	b.Run("checksum alone", func(b *testing.B) { // which both look at
		data := message(many...)
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			_ = md5.Sum(data)
		}
	})
	// The library takes data that has been decoded.
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
