package modelkit

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/internal/testing/race"
)

var (
	runs      = flag.Int("model.runs", 0, "random runs of each model; 0: as many as the model has without flags")
	duration  = flag.Duration("model.time", 0, "how long each model runs at least, whatever -model.runs says")
	firstSeed = flag.Uint64("model.seed", 0, "seed of the first run; 0: a random one")
)

// Model is a test of the program's promises in random worlds. S selects a sabotage. Its zero value
// selects none.
type Model[S any] struct {
	Package string // for the command that repeats a run, such as ./engine
	Page    string // path of docs/models.md from the package's folder
	Runs    int    // without flags; a fifth with the race detector

	Play      func(j *Judge, d *Draw, sabotage S) // draws one world and runs it
	Promises  []Promise
	Sabotages []Sabotage[S]

	// Occurs are the counts that are above zero after Runs runs. So a model fails if it no longer
	// draws its test case.
	Occurs []string
}

// Check runs the model with one seed after another. It stops at the first run that breaks a
// promise, and prints how to repeat that run.
func (m *Model[S]) Check(t *testing.T) {
	var (
		n, enough = 0, cmp.Or(*runs, m.runs())
		seed      = cmp.Or(*firstSeed, rand.Uint64())
		counts    = map[string]int{}
		start     = time.Now()
		printed   = start
	)
	for ; n < enough || time.Since(start) < *duration; n++ {
		good := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for what, k := range m.play(t, seed, nil).counts {
				counts[what] += k
			}
		})
		if !good {
			t.Fatalf("to repeat: go test %s -run '^%s$' -model.runs 1 -count 5 -model.seed %d", m.Package, t.Name(), seed)
		}
		if time.Since(printed) > time.Minute {
			printed = time.Now()
			fmt.Printf("%s %s: %d runs, seed %d is good\n", m.Package, t.Name(), n+1, seed)
		}
		seed++
	}
	t.Logf("%d runs, with an average of %s", n, averages(counts, n))
	for _, what := range m.Occurs {
		if n >= m.Runs && counts[what] == 0 {
			t.Errorf("no run had any %s", what)
		}
	}
}

// runs is the number of runs without flags.
func (m *Model[S]) runs() int {
	if race.Enabled {
		return max(1, m.Runs/5) // it makes a run ten times as long
	}
	return m.Runs
}

// play runs one world. A nil sabotage means none.
func (m *Model[S]) play(t *testing.T, seed uint64, s *Sabotage[S]) *Judge {
	j := &Judge{promises: m.Promises, sabotage: s != nil, broken: map[Promise]bool{}, counts: map[string]int{}}
	if s == nil {
		s = new(Sabotage[S])
	}
	synctest.Test(t, func(t *testing.T) {
		j.T = t
		m.Play(j, NewDraw(seed), s.By)
	})
	return j
}

// averages lists counts per run.
func averages(counts map[string]int, runs int) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%.2f %s", float64(counts[what])/float64(runs), what))
	}
	return strings.Join(all, ", ")
}
