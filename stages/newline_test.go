package stages_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

var newlineCases = []string{"", "\n", "a", "a\n", "ab", "ab\n", "abc", "abc\n", "abcd\n", "abcde\n", "\r\n", "a\r", "a\nb", "\xff\x00"}

// lines returns what Newline makes of data.
func lines(data []string) []string {
	want := slices.Clone(data)
	for i, d := range want {
		want[i] = strings.TrimSuffix(d, "\n") + "\n"
	}
	return want
}

func TestNewline(t *testing.T) {
	in := records(newlineCases...)
	for form, in := range map[string][]engine.Record{"bytes": in, "text": encode(in)} {
		out := engine.Apply(t.Context(), stages.Newline{}, in)
		if diff := cmp.Diff(lines(newlineCases), emitted(out)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", form, diff)
		}
		for i, r := range out.Emitted() {
			if r.Key != in[i].Key || r.Data.Err() != nil || r.Data.Len() != len(r.Data.Bytes()) {
				t.Errorf("%s: record %d: %+v, error %v", form, i, r, r.Data.Err())
			}
		}
	}
}

func TestNewlineStage(t *testing.T) {
	in := records(newlineCases...)
	enginetest.CheckStage(t, stages.Newline{}, in)
	enginetest.CheckStage(t, stages.Newline{}, encode(in))
}

func ExampleNewline() {
	out := engine.Apply(context.Background(), stages.Newline{}, records("one", "two\n"))
	for _, r := range out.Emitted() {
		fmt.Printf("%q\n", r.Data.Bytes())
	}
	// Output:
	// "one\n"
	// "two\n"
}

func FuzzNewline(f *testing.F) {
	for _, data := range newlineCases {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := records(string(data))
		want := lines([]string{string(data)})
		for form, in := range map[string][]engine.Record{"bytes": in, "text": encode(in)} {
			if diff := cmp.Diff(want, emitted(engine.Apply(t.Context(), stages.Newline{}, in))); diff != "" {
				t.Errorf("%s (-want +got)\n%s", form, diff)
			}
		}
	})
}

func BenchmarkNewline(b *testing.B) {
	const n = 100
	in := records(slices.Repeat([]string{strings.Repeat("x", 1000)}, n)...)
	for form, in := range map[string][]engine.Record{"bytes": in, "text": encode(in)} {
		b.Run("form="+form, func(b *testing.B) {
			b.SetBytes(n * 1000)
			b.ReportAllocs()
			for b.Loop() {
				engine.Apply(b.Context(), stages.Newline{}, in)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
