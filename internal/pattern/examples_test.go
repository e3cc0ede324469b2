package pattern_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"fanout/internal/pattern"
)

// example is a line of a file in testdata.
type example struct {
	where          string
	pattern, event string
	want, ruler    string // the verdicts of this package and of event-ruler
}

// examples reads a file.
func examples(t testing.TB, file string) []example {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	e := example{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		word, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		e.where = fmt.Sprintf("%s:%d", file, n)
		e.want, e.ruler, _ = strings.Cut(word, "/")
		if e.ruler == "" {
			e.ruler = e.want
		}
		switch {
		case word == "" || word == "#":
		case !ok:
			t.Fatalf("%s: %q", e.where, line)
		case e.want == "pattern":
			e.pattern = text
		case e.want == "refused":
			all = append(all, example{e.where, text, "{}", e.want, e.ruler})
		case e.want == "match" || e.want == "none":
			e.event = text
			all = append(all, e)
		default:
			t.Fatalf("%s: %q", e.where, line)
		}
	}
	return all
}

// verdict returns the verdict of this package on an event, in the words of the examples.
func verdict(text, event string) string {
	p, err := pattern.Compile([]byte(text))
	switch {
	case err != nil:
		return "refused"
	case p.MatchJSON([]byte(event)):
		return "match"
	default:
		return "none"
	}
}

func TestExamples(t *testing.T) {
	for _, file := range []string{"examples.txt", "differences.txt"} {
		all := examples(t, file)
		for _, e := range all {
			if got := verdict(e.pattern, e.event); got != e.want {
				t.Errorf("%s: %s on %s is %s", e.where, e.pattern, e.event, got)
			}
		}
		t.Logf("%s: %d examples", file, len(all))
	}
}
