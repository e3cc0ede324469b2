package harness

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"fanout/bench"
)

// Rounds are the settings of a comparison.
type Rounds struct {
	N    int           // measurements; the median counts
	Time time.Duration // minimum of each
	Most time.Duration // a case over it is not measured again; 0: no limit
}

// enough reports whether a case needs no further measurement because it takes long.
func (r *Rounds) enough(spent time.Duration) bool { return r.Most > 0 && spent > r.Most }

// Figures are the medians of several rounds.
type Figures struct {
	Sample
	Peak int64 // peak resident memory, bytes

	Err error // why there are no figures
}

// Case is a function with a workload.
type Case struct {
	*Function
	*bench.Workload
}

// Compare measures warm cases in turn, so a disturbance of the machine affects all of
// them. An error of a case is in its figures.
func (h *Harness) Compare(ctx context.Context, cases []Case, rounds Rounds) (all []Figures, err error) {
	all = make([]Figures, len(cases))
	runs, samples, spent := make([]*Run, len(cases)), make([][]Sample, len(cases)), make([]time.Duration, len(cases))
	defer func() {
		for _, r := range runs {
			if r != nil {
				err = errors.Join(err, r.Stop())
			}
		}
	}()
	for i, c := range cases {
		if runs[i], err = h.Start(c.Function, c.Workload); err != nil {
			return nil, err
		}
		begin := time.Now()
		s, err := runs[i].Measure(ctx, rounds.Time) // warms the function
		if spent[i], all[i].Err = time.Since(begin), err; rounds.enough(spent[i]) {
			samples[i] = append(samples[i], s)
		}
	}
	for range rounds.N {
		for i, r := range runs {
			if all[i].Err != nil || rounds.enough(spent[i]) {
				continue
			}
			begin := time.Now()
			s, err := r.Measure(ctx, rounds.Time)
			samples[i], all[i].Err = append(samples[i], s), err
			spent[i] += time.Since(begin)
		}
	}
	for i, r := range runs {
		if all[i].Err != nil {
			continue
		}
		all[i].Sample = Sample{
			Processor: median(samples[i], func(s Sample) time.Duration { return s.Processor }),
			Wall:      median(samples[i], func(s Sample) time.Duration { return s.Wall }),
			Calls:     median(samples[i], func(s Sample) float64 { return s.Calls }),
		}
		all[i].Peak, all[i].Err = r.Peak()
	}
	return all, ctx.Err()
}

// median returns the median of a field, or the higher of two middle values.
func median[S any, T cmp.Ordered](samples []S, field func(S) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = field(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// StartUp measures the time from the start of each function's process to its first
// answer, to the event of w. It returns medians of n starts, made in turn. A function
// that does not answer has zero.
func (h *Harness) StartUp(ctx context.Context, w *bench.Workload, functions []Function, n int) ([]time.Duration, error) {
	took := make([][]time.Duration, len(functions))
	for range n {
		for i := range functions {
			d, err := h.startUp(ctx, w, &functions[i])
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], d)
		}
	}
	medians := make([]time.Duration, len(functions))
	for i := range took {
		medians[i] = median(took[i], func(d time.Duration) time.Duration { return d })
	}
	return medians, nil
}

// noAnswer is the time to wait for the first answer.
const noAnswer = 3 * time.Second

func (h *Harness) startUp(ctx context.Context, w *bench.Workload, f *Function) (took time.Duration, err error) {
	r, err := h.Start(f, w)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	patience, cancel := context.WithTimeout(ctx, noAnswer)
	defer cancel()
	if _, err := r.Invoke(patience, w.Event); err != nil {
		return 0, ctx.Err()
	}
	return time.Since(r.started), nil
}
