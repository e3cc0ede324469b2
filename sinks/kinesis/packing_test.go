package kinesis

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/sinktest"
)

// The same records always make the same bytes.
func TestAggregateBytes(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.SetShards(orders, 0, 1)
	a := aggregator(cfg, true)
	b := sized("b", 2)
	b.HashKey = "7"
	recs := []engine.Record{sized("a", 2), b, sized("a", 1), b}
	for range 2 {
		if n, o := ask(t, a, recs); n != 4 || !o.OK() {
			t.Fatal(n, o.Err(0))
		}
	}
	taken := fake.Records(orders)
	message := "\x0a\x01a\x0a\x01b\x12\x017\x1a\x06\x08\x00\x1a\x02aa\x1a\x08\x08\x01\x10\x00\x1a\x02bb\x1a\x05\x08\x00\x1a\x01a\x1a\x08\x08\x01\x10\x00\x1a\x02bb"
	for _, rec := range taken {
		if got := string(rec.Data[4 : len(rec.Data)-16]); got != message {
			t.Errorf("message %q; want %q", got, message)
		}
		if want := hashKeyOf("a").String(); rec.PartitionKey != "a" || rec.HashKey != want {
			t.Errorf("partition key %q and hash key %s; want a and %s", rec.PartitionKey, rec.HashKey, want)
		}
	}
	if string(taken[0].Data) != string(taken[1].Data) {
		t.Error("a second request has other bytes")
	}
}

func TestHashKeys(t *testing.T) {
	for _, text := range []string{"0", "1", "18446744073709551615", "18446744073709551616", "170141183460469231731687303715884105728", "340282366920938463463374607431768211455"} {
		h, ok := parseHashKey(text)
		if !ok || h.String() != text {
			t.Errorf("%s is read as %s, %v", text, h, ok)
		}
		if h != lastHashKey && !h.less(h.next()) {
			t.Errorf("the number after %s is %s", h, h.next())
		}
	}
	for _, text := range []string{"", "x", "-1", "1 ", "340282366920938463463374607431768211456", "9999999999999999999999999999999999999999"} {
		if h, ok := parseHashKey(text); ok {
			t.Errorf("%q is read as %s", text, h)
		}
	}
}

func TestShardMaps(t *testing.T) {
	closed := ranged("closed", "0", lastHashKey.String())
	closed.SequenceNumberRange.EndingSequenceNumber = "7"
	half := hashKey{high: 1 << 63}
	low, high := ranged("low", "0", "170141183460469231731687303715884105727"), ranged("high", half.String(), lastHashKey.String())
	m := newShardMap([]shardRange{high, closed, low})
	if m == nil || m.index("high") != 1 || m.index("closed") != -1 || m.find(half) != 1 || m.find(hashKey{1<<63 - 1, ^uint64(0)}) != 0 || m.find(lastHashKey) != 1 {
		t.Errorf("the map is %+v", m)
	}
	for name, list := range map[string][]shardRange{
		"none": nil, "a gap": {high}, "no end": {low}, "an overlap": {low, high, high}, "only closed": {closed},
		"no range": {{}}, "bad numbers": {ranged("x", "a", "b")}, "reversed": {ranged("x", "9", "3")},
	} {
		if m := newShardMap(list); m != nil {
			t.Errorf("%s: the map is %+v", name, m)
		}
	}
}

func FuzzAggregate(f *testing.F) {
	f.Add([]byte("a\x00one\x00b\x007\x00"), uint8(2))
	f.Add([]byte(strings.Repeat("a\x00some text\x00b\x00some more text\x00\x00no key\x00c\x00text\x00", 6)), uint8(0))
	f.Add([]byte("a\x00\xf3\x89\x9a\xc20123456789012345\x00a\x00\xf3\x89\x9a\xc2"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, shards uint8) {
		a := &Aggregator{Sink: &Sink{limits: engine.Limits{RecordBytes: 200}}, ordered: shards%2 == 0}
		a.router.list = func(context.Context) ([]shardRange, error) { return even(1 + int(shards%7)), nil }
		p, _ := a.Pack(t.Context()).(*packing)
		fields := strings.Split(string(text), "\x00")
		for i := 0; i+1 < len(fields); i += 2 {
			r := engine.Record{Key: fields[i], Seq: fmt.Sprint(i), Data: engine.Bytes([]byte(fields[i+1]))}
			if i%6 == 4 {
				r.HashKey = cmp.Or(strings.TrimFunc(fields[i+1], func(c rune) bool { return c < '0' || c > '9' }), "1")
			}
			if !p.Add(&r) {
				break
			}
		}
		p.write()
		bytes, places := 0, make(map[string]int)
		for i := range p.entries {
			checkEntry(t, p, i)
			bytes += p.entries[i].bytes
		}
		for i := range p.records {
			r := &p.records[i]
			if at, seen := places[r.Key]; p.ordered && seen && at != r.entry {
				t.Errorf("the key %q is in the entries %d and %d", r.Key, at, r.entry)
			}
			places[r.Key] = r.entry
		}
		if bytes != p.bytes || len(p.entries) > maxRecords {
			t.Errorf("%d entries of %d bytes; counted %d bytes", len(p.entries), bytes, p.bytes)
		}
	})
}

// checkEntry checks that the records of an entry come back.
func checkEntry(t *testing.T, p *packing, i int) {
	t.Helper()
	e := &p.entries[i]
	if e.count == 1 {
		return
	}
	if n := len(e.data) + len(e.partition); n != e.bytes || n > p.limits.RecordBytes {
		t.Fatalf("%d bytes with the partition key; counted %d, and at most %d are allowed", n, e.bytes, p.limits.RecordBytes)
	}
	got := read(t, awsfake.Record{Data: e.data, PartitionKey: "x"})
	for k := range p.records {
		r := &p.records[k]
		if r.entry != i {
			continue
		}
		if len(got) == 0 || got[0].data != string(r.Data.Bytes()) || got[0].key != partitionKey(r.Record) {
			t.Fatalf("record %d does not come back", k)
		}
		if h, _ := routeOf(r.Record); p.shards.find(h) != e.shard {
			t.Fatalf("record %d belongs to another shard", k)
		}
		got = got[1:]
	}
	if len(got) > 0 {
		t.Fatalf("%d records too many", len(got))
	}
}

// ranged returns an open shard.
func ranged(id, first, last string) (s shardRange) {
	s.ShardID, s.HashKeyRange.StartingHashKey, s.HashKeyRange.EndingHashKey = id, first, last
	return s
}

// even returns n shards of the same size.
func even(n int) (list []shardRange) {
	first := hashKey{}
	for i := range n {
		last := hashKey{high: uint64(i+1) * (^uint64(0) / uint64(n))}
		if i == n-1 {
			last = lastHashKey
		}
		list = append(list, ranged(fmt.Sprint(i), first.String(), last.String()))
		if i < n-1 {
			first = last.next()
		}
	}
	return list
}

// BenchmarkPacking packs and writes 10,000 records of 200 bytes, as they come from a stream.
func BenchmarkPacking(b *testing.B) {
	for _, keys := range []int{1, 10, 100, 10_000} {
		b.Run(fmt.Sprint("keys=", keys), func(b *testing.B) {
			const n = 10_000
			a := &Aggregator{Sink: &Sink{limits: engine.Limits{RecordBytes: 10 << 20}}, ordered: true}
			a.router.list = func(context.Context) ([]shardRange, error) { return even(4), nil }
			text := []byte(base64.StdEncoding.EncodeToString(make([]byte, 200)))
			recs := make([]engine.Record, n)
			payloads := engine.NewPayloads(n)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				payloads.Reuse(n)
				for i := range recs {
					recs[i] = engine.Record{Key: names[i%keys], Data: payloads.Base64(text)}
				}
				b.StartTimer()
				p, _ := a.Pack(b.Context()).(*packing)
				for i := range recs {
					if !p.Add(&recs[i]) {
						b.Fatal("a record does not fit")
					}
				}
				p.write()
				p.free()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}

var names = func() (all []string) {
	for i := range 10_000 {
		all = append(all, fmt.Sprintf("customer-%06d", i))
	}
	return all
}()
