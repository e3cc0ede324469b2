package stages_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

// gzipped returns text as gzip of another implementation, and zstded as zstd.
func gzipped(text string) string {
	var b bytes.Buffer
	w := stdgzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func zstded(text string, opts ...zstd.EOption) string {
	w, err := zstd.NewWriter(nil, append(opts, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// skippable is a zstd frame without content.
const skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"

// alter returns b with a byte changed; i may be negative, from the end.
func alter(b string, i int) string {
	changed := []byte(b)
	changed[(i+len(b))%len(b)] ^= 0x55
	return string(changed)
}

var (
	bomb     = strings.Repeat("\x00", stages.MaxDecompressed+1)
	largest  = bomb[:stages.MaxDecompressed]
	dictZstd = "\x28\xb5\x2f\xfd\x23\x07\x00\x00\x00\x01\x01\x00\x00" // names dictionary 7
)

// decompressCases are data, and what auto makes of them: other data or an error.
var decompressCases = []struct{ name, data, want, err string }{
	{"no data", "", "", ""},
	{"text", "plain", "plain", ""},
	{"the start of gzip", "\x1f\x8b", "\x1f\x8b", ""},
	{"gzip of another method", "\x1f\x8b\x07 and more", "\x1f\x8b\x07 and more", ""},
	{"the start of zstd", "\x28\xb5\x2f", "\x28\xb5\x2f", ""},
	{"gzip", gzipped("one"), "one", ""},
	{"gzip of nothing", gzipped(""), "", ""},
	{"gzip of gzip", gzipped(gzipped("one")), gzipped("one"), ""},
	{"gzip, two members", gzipped("one") + gzipped(" and two"), "one and two", ""},
	{"gzip, the most", gzipped(largest), largest, ""},
	{"zstd", zstded("one"), "one", ""},
	{"zstd of nothing", zstded("", zstd.WithZeroFrames(true)), "", ""},
	{"zstd, two frames", zstded("one") + skippable + zstded(" and two"), "one and two", ""},
	{"zstd, the most", zstded(largest), largest, ""},

	{"gzip, a bomb", gzipped(bomb), "", "it has more than 16777216 bytes when decompressed, which is the limit"},
	{"gzip, a bomb of two members", gzipped(largest) + gzipped("x"), "", "it has more than 16777216 bytes when decompressed, which is the limit"},
	{"gzip, no end", gzipped("one")[:15], "", "it ends too early"},
	{"gzip, no checksum", strings.TrimSuffix(gzipped("one"), gzipped("one")[len(gzipped("one"))-8:]), "", "it ends too early"},
	{"gzip, a header alone", gzipped("one")[:10], "", "it ends too early"},
	{"gzip, text behind", gzipped("one") + "something else", "", "it goes on behind its end"},
	{"gzip, zeros behind", gzipped("one") + strings.Repeat("\x00", 16), "", "it goes on behind its end"},
	{"gzip, a byte behind", gzipped("one") + "\n", "", "it ends too early"},
	{"gzip, a wrong checksum", alter(gzipped("one"), -5), "", "it is gzip with a wrong checksum"},
	{"gzip, a wrong size", alter(gzipped("one"), -1), "", "it is gzip with a wrong checksum"},
	{"gzip, damaged", gzipped("one")[:10] + "\xff" + gzipped("one")[11:], "", "it is damaged gzip, at byte"},
	{"zstd, a bomb", zstded(bomb), "", "it has more than 16777216 bytes when decompressed, which is the limit"},
	{"zstd, a bomb of two frames", zstded(largest) + zstded("x"), "", "it has more than 16777216 bytes when decompressed, which is the limit"},
	{"zstd, a bomb without a size", unsized(bomb), "", "it has more than 16777216 bytes when decompressed, which is the limit"},
	{"zstd, a wide window", "\x28\xb5\x2f\xfd\x00\xff\x01\x00\x00", "", "it needs a window of more than 16777216 bytes, which is the limit; compress it with a smaller one"},
	{"zstd, no end", zstded("one")[:12], "", "it ends too early"},
	{"zstd, a header alone", zstded("one")[:4], "", "it ends too early"},
	{"zstd, text behind", zstded("one") + "something else", "", "it goes on behind its end"},
	{"zstd, a byte behind", zstded("one") + "\n", "", "it ends too early"},
	{"zstd, a wrong checksum", alter(zstded("one"), -1), "", "it is zstd with a wrong checksum"},
	{"zstd, a dictionary", dictZstd, "", "it needs a dictionary, which fanout does not have"},
	{"zstd, damaged", "\x28\xb5\x2f\xfd\x00\x00\x07\x00\x00", "", "it is damaged zstd"},
}

// unsized returns text as zstd whose header does not tell the size.
func unsized(text string) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	for len(text) > 0 {
		n := min(len(text), 1<<20)
		_, _ = w.Write([]byte(text[:n]))
		_ = w.Flush()
		text = text[n:]
	}
	_ = w.Close()
	return b.String()
}

// Data that cannot be decompressed fails, and the records around it pass.
func TestDecompress(t *testing.T) {
	for _, tt := range decompressCases {
		in := records("before", tt.data, gzipped("behind"))
		for form, in := range map[string][]engine.Record{"bytes": in, "text": encode(in)} {
			out := engine.Apply(t.Context(), stages.Decompress{Format: stages.Auto}, in)
			want := []string{"before", tt.want, "behind"}
			if tt.err != "" {
				want = []string{"before", "behind"}
			}
			if !slices.Equal(emitted(out), want) {
				t.Errorf("%s in %s: %.100q", tt.name, form, emitted(out))
			}
			var got string
			if len(out.Failed) == 1 {
				got = out.Failed[0].Err.Error()
			}
			if got != tt.err && !strings.HasPrefix(got, "the data cannot be decompressed: "+tt.err) || tt.err == "" && got != "" {
				t.Errorf("%s in %s: %s", tt.name, form, got)
			}
		}
	}
}

// A named format takes nothing else.
func TestDecompressNamed(t *testing.T) {
	for _, tt := range []struct {
		format stages.Compression
		data   string
		want   string
	}{
		{stages.Gzip, gzipped("one"), "one"},
		{stages.Zstd, zstded("one"), "one"},
		{stages.Zstd, skippable + zstded("one"), "one"},
		{stages.Gzip, zstded("one"), "the data cannot be decompressed: it is not gzip; if other records are, write auto instead"},
		{stages.Zstd, gzipped("one"), "the data cannot be decompressed: it is not zstd; if other records are, write auto instead"},
		{stages.Gzip, "", "the data cannot be decompressed: it ends too early"},
		{stages.Zstd, "", "the data cannot be decompressed: it ends too early"},
		{stages.Compression(9), "one", "the data cannot be decompressed: the format compression 9 is unknown"},
	} {
		out := engine.Apply(t.Context(), stages.Decompress{Format: tt.format}, records(tt.data))
		got := strings.Join(emitted(out), "")
		if len(out.Failed) > 0 {
			got = out.Failed[0].Err.Error()
		}
		if got != tt.want {
			t.Errorf("%v of %.10q: %s", tt.format, tt.data, got)
		}
	}
}

// A batch that decompresses to too much goes on with the next one.
func TestDecompressBatch(t *testing.T) {
	s := stages.Decompress{Format: stages.Auto, Bytes: 8}
	in := records(gzipped("12345"), "plain", gzipped("67890"), gzipped("late"), "plain too")
	out := engine.Apply(t.Context(), s, in)
	if diff := cmp.Diff([]string{"12345", "plain", "67890", "plain too"}, emitted(out)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(out.Failed) != 1 || out.Failed[0].Record.Seq != in[3].Seq || engine.ClassOf(out.Failed[0].Err) != engine.Retryable {
		t.Fatalf("failed: %+v", out.Failed)
	}
	out = engine.Apply(t.Context(), s, in[3:])
	if diff := cmp.Diff([]string{"late", "plain too"}, emitted(out)); diff != "" {
		t.Errorf("again (-want +got)\n%s", diff)
	}
}

// A function gets the source record with the decompressed data, so the source record stays.
func TestDecompressKeepsSource(t *testing.T) {
	in := records(gzipped("one"))
	out := engine.Apply(t.Context(), stages.Decompress{Format: stages.Gzip}, in)
	if len(out.Emitted) != 1 || !bytes.Equal(out.Emitted[0].Raw, in[0].Raw) || out.Emitted[0].Key != in[0].Key {
		t.Errorf("%+v", out.Emitted)
	}
}

func TestDecompressStage(t *testing.T) {
	var data []string
	for _, tt := range decompressCases {
		if len(tt.data) < 1000 {
			data = append(data, tt.data)
		}
	}
	in := records(data...)
	for _, s := range []stages.Decompress{{Format: stages.Auto}, {Format: stages.Gzip}, {Format: stages.Zstd}, {Format: stages.Auto, Bytes: 7}} {
		t.Run(s.Name(), func(t *testing.T) {
			enginetest.CheckStage(t, s, in)
			enginetest.CheckStage(t, s, encode(in))
		})
	}
}

// Damage anywhere in the data is found, or changes nothing.
func TestDecompressDamage(t *testing.T) {
	const text = "some text, some text, and the end"
	for format, data := range map[stages.Compression]string{stages.Gzip: gzipped(text), stages.Zstd: zstded(text)} {
		for i := range data {
			for _, damaged := range []string{data[:i], alter(data, i)} {
				out := engine.Apply(t.Context(), stages.Decompress{Format: format}, records(damaged))
				if got := emitted(out); len(got) > 0 && got[0] != text {
					t.Errorf("%v, byte %d: %q", format, i, got)
				}
			}
		}
	}
}

func TestParseCompression(t *testing.T) {
	for _, c := range []stages.Compression{stages.Uncompressed, stages.Gzip, stages.Zstd, stages.Auto} {
		if got, err := stages.ParseCompression(c.String()); got != c || err != nil {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	if got, err := stages.ParseCompression(""); got != stages.Uncompressed || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := stages.ParseCompression("lz4"); err == nil || err.Error() != `"lz4" is not a compression: use gzip, zstd or auto` {
		t.Error(err)
	}
}

func ExampleDecompress() {
	in := records(gzipped(`{"n":1}`), zstded(`{"n":2}`), `{"n":3}`)
	for _, r := range engine.Apply(context.Background(), stages.Decompress{Format: stages.Auto}, in).Emitted {
		fmt.Printf("%s\n", r.Data.Bytes())
	}
	// Output:
	// {"n":1}
	// {"n":2}
	// {"n":3}
}

// FuzzDecompress compares gzip with the standard library's, and checks that zstd data that
// decompresses stays within the limit.
func FuzzDecompress(f *testing.F) {
	for _, tt := range decompressCases {
		if len(tt.data) < 1000 {
			f.Add([]byte(tt.data))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := records(string(data), gzipped("behind"))
		for _, format := range []stages.Compression{stages.Auto, stages.Gzip, stages.Zstd} {
			out := engine.Apply(t.Context(), stages.Decompress{Format: format}, in)
			if len(out.Emitted)+len(out.Failed) != len(in) {
				t.Fatalf("%v: %d records became %d, and %d failed", format, len(in), len(out.Emitted), len(out.Failed))
			}
			for _, r := range out.Emitted {
				if r.Data.Len() > max(stages.MaxDecompressed, len(data)) {
					t.Errorf("%v: %d bytes", format, r.Data.Len())
				}
			}
		}
		out := engine.Apply(t.Context(), stages.Decompress{Format: stages.Gzip}, in[:1])
		want, err := gunzip(data)
		switch got := emitted(out); {
		case err != nil && got != nil:
			t.Errorf("%q, and compress/gzip: %v", got, err)
		case err == nil && (got == nil || got[0] != string(want)):
			t.Errorf("%q, %v, want %q", got, out.Failed, want)
		}
	})
}

// gunzip decompresses data with the standard library, up to the limit.
func gunzip(data []byte) ([]byte, error) {
	r, err := stdgzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, stages.MaxDecompressed+1))
	if err == nil && len(b) > stages.MaxDecompressed {
		err = errors.New("too large")
	}
	return b, err
}

// A claim of a size costs no more memory than the data can need.
func TestDecompressAllocatesWhatDataNeeds(t *testing.T) {
	claim := []byte(gzipped("one"))
	binary.LittleEndian.PutUint32(claim[len(claim)-4:], 1<<32-1)
	in := records(slices.Repeat([]string{string(claim)}, 100)...)
	s := stages.Decompress{Format: stages.Gzip}
	bytes := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			engine.Apply(b.Context(), s, in)
		}
	}).AllocedBytesPerOp()
	if bytes > 4<<20 {
		t.Errorf("100 records of %d bytes took %d bytes", len(claim), bytes)
	}
}

func BenchmarkDecompress(b *testing.B) {
	line := func(i int) string {
		return fmt.Sprintf(`{"id":"%08x","level":"info","service":"checkout","message":"order %d accepted in %d ms"}`+"\n", i*7919, i*31, i%977)
	}
	for _, lines := range []int{10, 1000} {
		var text strings.Builder
		for i := range lines {
			text.WriteString(line(i))
		}
		for name, data := range map[string]string{"none": text.String(), "gzip": gzipped(text.String()), "zstd": zstded(text.String())} {
			in := encode(records(slices.Repeat([]string{data}, 100)...))
			b.Run(fmt.Sprintf("data=%s/bytes=%d", name, text.Len()), func(b *testing.B) {
				b.SetBytes(int64(100 * text.Len()))
				b.ReportAllocs()
				for b.Loop() {
					engine.Apply(b.Context(), stages.Decompress{Format: stages.Auto}, in)
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*100), "µs/record")
			})
		}
	}
}
