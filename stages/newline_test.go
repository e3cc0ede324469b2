package stages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

var newlineCases = []string{"", "\n", "a", "a\n", "ab", "ab\n", "abc", "abc\n", "abcd\n", "abcde\n", "\r\n", "a\r", "a\nb", "\xff\x00",
	"{\n  \"a\": [1,\n2] }", "{\n}\n", "[1]\n\n", "\n7", "{\"a\": 1}\n", "{\"a\": 1}", "{\n\"a\":", "{}\n{}", "{\n\"a\": \"\\n\u2028<\"}", "\"\n\"", "{\n\"\xff\":1}"}

// lines returns the expected output of Newline for data.
func lines(data []string) []string {
	want := slices.Clone(data)
	for i, d := range want {
		var line bytes.Buffer
		if strings.Contains(strings.TrimSuffix(d, "\n"), "\n") && utf8.ValidString(d) && json.Compact(&line, []byte(d)) == nil {
			d = line.String()
		}
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
		for i, r := range out.Emitted {
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

// TestNewlineAnywhere checks that JSON of two lines is recognized at every position
// of the newline.
func TestNewlineAnywhere(t *testing.T) {
	for i := range 40 {
		b := []byte(`{` + strings.Repeat(" ", 39) + `"a":"CgoKQoKKCgp opqr"}`)
		b[1+i%39] = '\n'
		if got := emitted(engine.Apply(t.Context(), stages.Newline{}, encode(records(string(b))))); got[0] != `{"a":"CgoKQoKKCgp opqr"}`+"\n" {
			t.Errorf("a newline at %d: %q", 1+i%39, got)
		}
	}
}

func ExampleNewline() {
	out := engine.Apply(context.Background(), stages.Newline{}, records("one", "two\n", "{\n  \"n\": 3\n}"))
	for _, r := range out.Emitted {
		fmt.Printf("%q\n", r.Data.Bytes())
	}
	// Output:
	// "one\n"
	// "two\n"
	// "{\"n\":3}\n"
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
