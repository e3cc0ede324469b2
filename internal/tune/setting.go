package tune

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Setting holds the values that can be set.
type Setting struct {
	BatchSize int           `json:"batchSize" yaml:"batchSize"` // of the event source mapping
	Window    time.Duration `json:"-" yaml:"-"`                 // batching window of the mapping
	Factor    int           `json:"parallelizationFactor" yaml:"parallelizationFactor"`
	InFlight  int           `json:"inFlight" yaml:"inFlight"` // FANOUT_IN_FLIGHT
	Memory    int           `json:"memoryMB" yaml:"memoryMB"` // of the function
	Collapse  string        `json:"collapse" yaml:"collapse"` // Configured, or the mode of all targets that can collapse
}

// Grid holds the values to try, in all combinations.
type Grid struct {
	BatchSizes []int
	Windows    []time.Duration
	Factors    []int
	InFlights  []int
	Memories   []int
	Collapses  []string // empty: the ones that Measure finds
}

// DefaultGrid returns the default values. Windows are whole seconds, as the mapping
// requires.
func DefaultGrid() Grid {
	return Grid{
		BatchSizes: []int{10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000},
		Windows:    []time.Duration{0, time.Second, 2 * time.Second, 5 * time.Second},
		Factors:    []int{1, 2, 5, 10},
		InFlights:  []int{8, 16, 32, 64},
		Memories:   []int{128, 256, 512, 1024, 1769},
	}
}

// Check returns an error if a value is outside Lambda's limits.
func (g *Grid) Check() error {
	for _, x := range []struct {
		name   string
		values []int
		lo, hi int
	}{
		{"batch-size", g.BatchSizes, 1, 10_000},
		{"parallelization-factor", g.Factors, 1, 10},
		{"in-flight", g.InFlights, 1, 10_000},
		{"memory", g.Memories, 128, 10_240},
	} {
		if len(x.values) == 0 {
			return fmt.Errorf("--%s has no values", x.name)
		}
		for _, v := range x.values {
			if v < x.lo || v > x.hi {
				return fmt.Errorf("--%s has %d; it must be %d to %d", x.name, v, x.lo, x.hi)
			}
		}
	}
	for _, w := range g.Windows {
		if w < 0 || w > 300*time.Second || w%time.Second != 0 {
			return fmt.Errorf("--window has %v; it must be whole seconds, 0s to 300s", w)
		}
	}
	for _, c := range g.Collapses {
		if !slices.Contains([]string{Configured, "JSON", "none", "concat", "concat-b64"}, c) {
			return fmt.Errorf("--collapse has %q; it must be configured, JSON, none, concat or concat-b64", c)
		}
	}
	if len(g.Windows) == 0 {
		return errors.New("--window has no values")
	}
	return nil
}

// settings returns every setting with a possible batch size. Of the batch sizes
// that do not fit into an event, it keeps only the smallest.
func (g *Grid) settings(maxBatch int) (all []Setting) {
	sizes := slices.Sorted(slices.Values(g.BatchSizes))
	if i := slices.IndexFunc(sizes, func(n int) bool { return n >= maxBatch }); i >= 0 {
		sizes = sizes[:i+1]
	}
	for _, collapse := range g.Collapses {
		for _, memory := range g.Memories {
			for _, inFlight := range g.InFlights {
				for _, factor := range g.Factors {
					for _, window := range g.Windows {
						for _, size := range sizes {
							all = append(all, Setting{size, window, factor, inFlight, memory, collapse})
						}
					}
				}
			}
		}
	}
	return all
}

// simpler orders settings with equal results: the one with lower values is first.
func simpler(a, b *Setting) int {
	return cmp.Or(
		cmp.Compare(a.Factor, b.Factor), cmp.Compare(a.Window, b.Window), cmp.Compare(a.Memory, b.Memory),
		cmp.Compare(a.InFlight, b.InFlight), cmp.Compare(a.BatchSize, b.BatchSize), cmp.Compare(a.Collapse, b.Collapse),
	)
}
