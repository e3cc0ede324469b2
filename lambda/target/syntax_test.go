package target

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A text in JSON has the same value for fanout, whatever YAML makes of its characters.
func TestTextsOfJSON(t *testing.T) {
	for r := rune(0x20); r <= 0xFFFF; r++ {
		if r == '"' || r == '\\' || r >= 0xD800 && r < 0xE000 || r > 0x2100 && r < 0xF000 {
			continue
		}
		for _, text := range []string{"a" + string(r) + " b", fmt.Sprintf(`a\u%04x b`, r)} {
			var want string
			if err := json.Unmarshal([]byte(`"`+text+`"`), &want); err != nil {
				t.Fatal(err)
			}
			all, err := catalog.parseFile("t.json", []byte(`{"targets":[{"id":"`+text+`"}]}`))
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if got := all[0].Spec.ID; got != want {
				t.Errorf("%q: %q; want %q", text, got, want)
			}
		}
	}
}

// A line of JSON with many escapes keeps its columns.
func TestColumnsOfJSON(t *testing.T) {
	line := `{"targets":[` + strings.Repeat(`{"id":"\ud83d\ude00\/`+"\u2028"+`","lanes":0},`, 3)
	line = strings.TrimSuffix(line, ",") + "]}"
	all, err := catalog.parseFile("t.json", []byte(line))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []int
	for i := range all {
		for _, f := range all[i].Faults {
			if f.Attribute == "lanes" {
				got = append(got, f.Column)
			}
		}
	}
	for i := range len(line) {
		if strings.HasPrefix(line[i:], "0}") {
			want = append(want, 1+len([]rune(line[:i])))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("columns %v; want %v", got, want)
	}
}

// Aliases of aliases end, and are a fault. Without a bound, this file has 10^12 nodes.
func TestAliasesEnd(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	for filter, want := range map[string]string{"*a11": "filter: is a list (L)", "{data: {a: *a11}}": "filter: has a name twice, too many values"} {
		all, err := catalog.parseFile("t.yaml", []byte(bomb+"targets:\n"+strings.Repeat("- {filter: "+filter+"}\n", 3)))
		if err != nil || len(all) != 3 || !strings.Contains(all[2].Err().Error(), want) {
			t.Fatalf("%s: %v, %v", filter, all, err)
		}
	}
}

// The time grows with the length of a line, not with its square: the time of an escape in the
// output is about the same for all sizes.
func BenchmarkEscapes(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		data := []byte(`{"targets":[` + strings.TrimSuffix(strings.Repeat(`{"id":"\/"},`, n), ",") + `]}`)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				out, moved := asYAML(data)
				if len(moved) != n || len(out) != len(data)-n {
					b.Fatal(len(moved), len(out))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/escape")
		})
	}
}
