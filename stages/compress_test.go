package stages_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

func compressed(t testing.TB, format stages.Compression, data ...string) []engine.Record {
	t.Helper()
	recs := make([]engine.Record, len(data))
	for i := range data {
		recs[i] = engine.Record{Key: "k", Seq: fmt.Sprint(i), Data: engine.Bytes([]byte(data[i])), Raw: []byte("raw")}
	}
	a := engine.Apply(t.Context(), stages.Compress{Format: format}, recs)
	if len(a.Failed) > 0 {
		t.Fatal(a.Failed[0].Err)
	}
	return a.Emitted
}

func decompressed(t testing.TB, recs ...engine.Record) (all []string) {
	t.Helper()
	a := engine.Apply(t.Context(), stages.Decompress{Format: stages.Auto}, recs)
	if len(a.Failed) > 0 {
		t.Fatal(a.Failed[0].Err)
	}
	for i := range a.Emitted {
		all = append(all, string(a.Emitted[i].Data.Bytes()))
	}
	return all
}

func TestCompress(t *testing.T) {
	data := []string{"", "a", "one\n", strings.Repeat("0123456789", 10_000), "\x00\xff", strings.Repeat("x", 3<<20)}
	for _, format := range []stages.Compression{stages.Gzip, stages.Zstd} {
		t.Run(format.String(), func(t *testing.T) {
			recs := compressed(t, format, data...)
			if got := decompressed(t, recs...); !slices.Equal(got, data) {
				t.Error("the data does not come back")
			}
			if n := recs[3].Data.Len(); n > 1000 {
				t.Errorf("100,000 digits take %d bytes", n)
			}
			if recs[1].Raw != nil || recs[1].Key != "k" || recs[1].Seq != "1" {
				t.Errorf("the record is %+v", recs[1])
			}
			var stream []byte // of a file with all records
			for i := range recs {
				stream = append(stream, recs[i].Data.Bytes()...)
			}
			if got := decompressed(t, engine.Record{Data: engine.Bytes(stream)}); got[0] != strings.Join(data, "") {
				t.Error("the records, joined, are no stream of all data")
			}
		})
	}
	a := engine.Apply(t.Context(), stages.Compress{}, []engine.Record{{Data: engine.Bytes(nil)}})
	if len(a.Failed) != 1 {
		t.Error("no format compresses")
	}
}

// The bytes depend on the data alone, so that a record that is sent again is the same.
func TestCompressedBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var data []string
	for range 200 {
		data = append(data, strings.Repeat(fmt.Sprint("word ", r.IntN(5)), r.IntN(300))+fmt.Sprint(r.Uint64()))
	}
	for _, format := range []stages.Compression{stages.Gzip, stages.Zstd} {
		first := compressed(t, format, data...)
		for range 3 {
			order := r.Perm(len(data))
			shuffled := make([]string, len(data))
			for i, k := range order {
				shuffled[i] = data[k]
			}
			for i, rec := range compressed(t, format, shuffled...) {
				if !bytes.Equal(rec.Data.Bytes(), first[order[i]].Data.Bytes()) {
					t.Fatalf("%v: the bytes of record %d depend on the records before it", format, order[i])
				}
			}
		}
	}
}

func TestCompressConforms(t *testing.T) {
	for _, format := range []stages.Compression{stages.Gzip, stages.Zstd} {
		enginetest.CheckStage(t, stages.Compress{Format: format}, records("one", "two", "", "\x00\xff"))
	}
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte("one\x00two\x00\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		data := strings.Split(string(text), "\x00")
		for _, format := range []stages.Compression{stages.Gzip, stages.Zstd} {
			if got := decompressed(t, compressed(t, format, data...)...); !slices.Equal(got, data) {
				t.Errorf("%v: %q comes back as %q", format, data, got)
			}
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	line := `{"order":1001,"customer":"customer-000017","status":"accepted","items":[{"sku":"A-1","count":2},{"sku":"B-7","count":1}],"total":"129.90"}` + "\n"
	for _, format := range []stages.Compression{stages.Gzip, stages.Zstd} {
		for _, lines := range []int{1, 7000} {
			recs := make([]engine.Record, max(1, 1000/lines))
			for i := range recs {
				recs[i] = engine.Record{Data: engine.Bytes([]byte(strings.Repeat(line, lines)))}
			}
			b.Run(fmt.Sprintf("%v/%d bytes", format, len(line)*lines), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(line) * lines * len(recs)))
				for b.Loop() {
					engine.Apply(b.Context(), stages.Compress{Format: format}, recs)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recs)), "ns/record")
			})
		}
	}
}
