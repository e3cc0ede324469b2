package pattern_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/pattern"
)

var update = flag.Bool("update", false, "write the golden file")

// Every pattern that has a fault, and all its faults. The golden file shows them as a
// user sees them.
func TestFaults(t *testing.T) {
	texts := []string{
		// All at once.
		`{"data":{"order":{"total":["x",{"numeric":[">=","5"]},{"prefx":"a"}],"id":5,"x y":{}},"$or":[{"a":[[1]]},{"b":[]}]}}`,
		`{"data":{"b.c":[{"wildcard":"a**"}],"":[{"cidr":"10.0.0.0"}],"` + strings.Repeat("long", 20) + `":[{"exists":null}]}}`,
		"{\"data\": {\n\t\"a\": [1\n\t}}",
		"{\"data\": [\"\xff\"]}",
		`{"data":{"a":[{"nonsense":1}]}}`,
		`{"a":{"b":[1]},"a.b":[2],"c":[3],"c":[4]}`,
		`{"a":[1],"$or":[{"a":{"b":[2]}},{"a.c":[3]}]}`,
		`{"\u001b[31m":1}`,
		strings.Repeat(" ", pattern.MaxSize+1),
	}
	for _, e := range examples(t, "examples.txt") {
		if e.want == "refused" {
			texts = append(texts, e.pattern)
		}
	}
	var got strings.Builder
	for _, text := range texts {
		p, err := pattern.Compile([]byte(text))
		faults, ok := err.(pattern.Faults) //nolint:errorlint // the documented type
		if !ok || p != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if len(text) < 200 {
			got.WriteString(strings.ReplaceAll(text, "\n", "⏎") + "\n")
		}
		for _, f := range faults {
			got.WriteString("    " + f.Error() + "\n")
		}
	}
	const golden = "testdata/faults.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the faults changed (go test ./internal/pattern -run TestFaults -update writes them):\n%s", diff)
	}
}
