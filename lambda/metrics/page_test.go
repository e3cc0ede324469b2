package metrics

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// docs/metrics.md has every metric, with its unit and dimensions, and no other.
func TestPage(t *testing.T) {
	at := time.Now()
	var want []string
	for _, g := range groupsOf(&Invocation{At: at, Sources: []Source{{
		ARN: "s", Oldest: at, Targets: []Target{{ID: "t", Already: 1, Filtered: 1, Referenced: 1}},
	}}}) {
		var dims []string
		for _, d := range g.dims.used() {
			dims = append(dims, d.name)
		}
		for _, s := range g.samples {
			want = append(want, strings.Join(dims, " ")+": "+s.name+" "+string(s.unit))
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	dims := ""
	word, row := regexp.MustCompile("`(\\w+)`"), regexp.MustCompile("^\\| `(\\w+)` \\| (\\w+) \\|")
	for line := range strings.Lines(string(page)) {
		if list, ok := strings.CutPrefix(line, "Dimension"); ok {
			list, _, _ = strings.Cut(list, ".")
			var names []string
			for _, m := range word.FindAllStringSubmatch(list, -1) {
				names = append(names, m[1])
			}
			dims = strings.Join(names, " ")
		}
		if m := row.FindStringSubmatch(line); m != nil {
			got = append(got, dims+": "+m[1]+" "+m[2])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/metrics.md (-code +page):\n%s", diff)
	}
}
