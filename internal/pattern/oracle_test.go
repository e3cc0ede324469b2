//go:build integration

package pattern_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"fanout/internal/pattern"
)

// The oracle is event-ruler of AWS, in a small program in testdata. `make pattern-oracle`
// fetches the library, and sets FANOUT_PATTERN_ORACLE to its folder.
var (
	pairs = flag.Int("pairs", 140_000, "compare this many random pairs")
	seed  = flag.Uint64("seed", 1, "of the random pairs")
)

// ask returns the verdicts of event-ruler on examples. If split is set, event-ruler tries
// every choice of one value from each list separately.
func ask(t *testing.T, all []example, split bool) []string {
	t.Helper()
	libraries := os.Getenv("FANOUT_PATTERN_ORACLE")
	if libraries == "" {
		t.Skip("FANOUT_PATTERN_ORACLE is not set: run make pattern-oracle")
	}
	var in bytes.Buffer
	for _, e := range all {
		fmt.Fprintln(&in, encoded(e.pattern), encoded(e.event))
	}
	java := []string{"-cp", libraries + "/*", "testdata/oracle/Oracle.java"}
	if split {
		java = append(java, "split")
	}
	cmd := exec.CommandContext(t.Context(), "java", java...)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	verdicts := strings.Fields(string(out))
	if len(verdicts) != len(all) {
		t.Fatalf("event-ruler gave %d verdicts on %d events", len(verdicts), len(all))
	}
	return verdicts
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestOracleExamples(t *testing.T) {
	for _, file := range []string{"examples.txt", "differences.txt"} {
		all := examples(t, file)
		for i, got := range ask(t, all, false) {
			want := all[i].ruler
			if got != want && want != "either" && (want != "accepted" || got == "refused") {
				t.Errorf("%s: event-ruler says %s to %s on %s", all[i].where, got, all[i].pattern, all[i].event)
			}
		}
	}
}

// random is a random pair.
type random struct {
	example
	tree tree // the event
}

func randomPairs(n int, seed uint64) []random {
	m := maker{Rand: rand.New(rand.NewPCG(seed, 0))}
	var all []random
	for len(all) < n {
		m.v6 = m.often(30)
		p := m.object(0)
		text := m.text(p)
		for range 10 {
			e := m.event(p)
			for m.often(60) {
				m.mutate(&e)
			}
			all = append(all, random{example{pattern: text, event: m.text(e)}, e})
		}
	}
	return all
}

func TestOracleRandom(t *testing.T) {
	all := randomPairs(*pairs, *seed)
	asked := make([]example, len(all))
	for i := range all {
		asked[i] = all[i].example
	}
	seen := make(map[string]int)
	var unlike []example
	for i, got := range ask(t, asked, false) {
		r := &all[i]
		r.want, r.ruler = verdict(r.pattern, r.event), got
		seen[got]++
		switch _, err := pattern.Compile([]byte(r.pattern)); {
		case got == r.want:
		case err != nil && strings.Contains(err.Error(), "is inside of a field"):
			seen["difference: a field inside of another"]++
		case hasTwice(r.tree):
			seen["difference: names that an object has twice"]++
		default:
			unlike = append(unlike, r.example)
		}
	}
	var wrong []string
	for i, split := range ask(t, unlike, true) {
		if u := unlike[i]; u.want == split {
			seen["difference: values of several kinds in one list"]++
		} else {
			wrong = append(wrong, fmt.Sprintf("%s\non %s\nis %s; event-ruler: %s, split up %s", u.pattern, u.event, u.want, u.ruler, split))
		}
	}
	for _, verdict := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%6d %s", seen[verdict], verdict)
	}
	if seen["match"] < len(all)/10 || seen["none"] < len(all)/10 || seen["refused"] > len(all)/5 {
		t.Error("the pairs do not show much")
	}
	slices.SortFunc(wrong, func(a, b string) int { return len(a) - len(b) })
	for _, w := range wrong[:min(len(wrong), 10)] {
		t.Error(w)
	}
	if len(wrong) > 0 {
		t.Errorf("%d pairs of seed %d differ", len(wrong), *seed)
	}
}
