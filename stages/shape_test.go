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

// requests returns the data of each request that out forms.
func requests(out *engine.Applied) [][]string {
	var all [][]string
	data, start := emitted(out), 0
	for _, cut := range append(slices.Clone(out.Cuts), len(data)) {
		if cut > start {
			all = append(all, data[start:cut])
		}
		start = cut
	}
	return all
}

func TestShape(t *testing.T) {
	in := []string{"1", "22", "", "333", "4444", "55", "6"}
	for want, c := range map[string]struct {
		stage stages.Shape
		reqs  [][]string
	}{
		"shape":                          {stages.Shape{}, [][]string{in}},
		"shape ≤ 3 records":              {stages.Shape{Records: 3}, [][]string{{"1", "22", ""}, {"333", "4444", "55"}, {"6"}}},
		"shape ≤ 1 record":               {stages.Shape{Records: 1}, [][]string{{"1"}, {"22"}, {""}, {"333"}, {"4444"}, {"55"}, {"6"}}},
		"shape ≤ 3 bytes":                {stages.Shape{Bytes: 3}, [][]string{{"1", "22", ""}, {"333"}, {"4444"}, {"55", "6"}}},
		"shape ≤ 2 records, ≤ 6 bytes":   {stages.Shape{Records: 2, Bytes: 6}, [][]string{{"1", "22"}, {"", "333"}, {"4444", "55"}, {"6"}}},
		"shape ≤ 10 records, ≤ 99 bytes": {stages.Shape{Records: 10, Bytes: 99}, [][]string{in}},
	} {
		if got := c.stage.Name(); got != want {
			t.Errorf("Name() = %q, want %q", got, want)
		}
		for form, recs := range map[string][]engine.Record{"bytes": records(in...), "text": encode(records(in...))} {
			if diff := cmp.Diff(c.reqs, requests(engine.Apply(t.Context(), c.stage, recs))); diff != "" {
				t.Errorf("%s of %s (-want +got)\n%s", want, form, diff)
			}
		}
	}
}

func TestShapeStage(t *testing.T) {
	enginetest.CheckStage(t, stages.Shape{Records: 2, Bytes: 4}, records("1", "22", "", "333", "55555"))
}

func ExampleShape() {
	out := engine.Apply(context.Background(), stages.Shape{Records: 2}, records("a", "b", "c"))
	fmt.Println(requests(out))
	// Output: [[a b] [c]]
}

func FuzzShape(f *testing.F) {
	f.Add("1|22||333|4444", uint8(2), uint8(4))
	f.Fuzz(func(t *testing.T, data string, most, bound uint8) {
		in := strings.Split(data, "|")
		out := engine.Apply(t.Context(), stages.Shape{Records: int(most), Bytes: int(bound)}, records(in...))
		reqs := requests(out)
		for i, req := range reqs {
			size := len(strings.Join(req, ""))
			if most > 0 && len(req) > int(most) || bound > 0 && size > int(bound) && len(req) > 1 {
				t.Errorf("request %q exceeds %d records, %d bytes", req, most, bound)
			}
			if i+1 < len(reqs) && (most == 0 || len(req) < int(most)) && (bound == 0 || size+len(reqs[i+1][0]) <= int(bound)) {
				t.Errorf("request %q has room for %q", req, reqs[i+1][0])
			}
		}
		if got := slices.Concat(reqs...); !slices.Equal(got, in) {
			t.Errorf("%q came out as %q", in, got)
		}
	})
}

func BenchmarkShape(b *testing.B) {
	const n = 1000
	in := records(slices.Repeat([]string{"some data"}, n)...)
	b.ReportAllocs()
	for b.Loop() {
		engine.Apply(b.Context(), stages.Shape{Records: 10, Bytes: 4 << 20}, in)
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
}
