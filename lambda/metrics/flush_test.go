package metrics

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// term is how long the function has after SIGTERM.
const term = 400 * time.Millisecond

func TestFlushEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: silent}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(1)))
		c.Begin(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := c.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush returned %v", err)
		}
		if d := time.Since(start); d != 400*time.Millisecond {
			t.Errorf("Flush took %v", d)
		}
		time.Sleep(callTimeout) // the call ends by itself
	})
}

// TestFlushWaitsForTheSendUnderWay asserts that it then sends the metrics that came meanwhile.
func TestFlushWaitsForTheSendUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(context.Context, int) error { time.Sleep(time.Second); return nil }}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(1)))
		c.Begin(t.Context())
		must(t, c.Publish(t.Context(), small(2)))
		must(t, c.Flush(t.Context()))
		if got := f.sum("Delivered", 3); got != 3 {
			t.Errorf("%g records are counted as delivered, want 3", got)
		}
	})
}

// hangs are answers of a CloudWatch that reads the first request and then says nothing
// to it, but answers any other.
func hangs(ctx context.Context, n int) error {
	if n == 0 {
		return silent(ctx, n)
	}
	return nil
}

// TestFlushSendsBesideASendThatHangs: it sends the counts published since, and the entries
// that the send has not begun. Metrics in flight may have arrived and are not sent again.
func TestFlushSendsBesideASendThatHangs(t *testing.T) {
	id := func(i int) string { return fmt.Sprint(i) }
	for name, tt := range map[string]struct {
		first, since []Invocation
		calls        []int // metrics in each
		delivered    float64
	}{
		"nothing waits":               {[]Invocation{small(1)}, nil, []int{14}, 0},
		"published since":             {[]Invocation{small(1)}, []Invocation{small(2), small(3)}, []int{14, 14}, 5},
		"the rest of the send":        {[]Invocation{wide(110, id)}, nil, []int{1000, 104}, 10},
		"the rest, and what was next": {[]Invocation{wide(110, id)}, []Invocation{small(2)}, []int{1000, 118}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{answer: hangs}
				c := NewCloudWatch(f, DefaultNamespace)
				for _, inv := range tt.first {
					must(t, c.Publish(t.Context(), inv))
				}
				c.Begin(t.Context())
				synctest.Wait()
				for _, inv := range tt.since {
					must(t, c.Publish(t.Context(), inv))
				}
				ctx, cancel := context.WithTimeout(t.Context(), term)
				defer cancel()
				if err := c.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Flush returned %v, and what is in flight may be lost", err)
				}
				if got := f.sum("Delivered", 3); got != tt.delivered {
					t.Errorf("%g records are counted as delivered, want %g", got, tt.delivered)
				}
				time.Sleep(callTimeout) // the process went on, and the call ends
				must(t, c.Flush(t.Context()))
				if diff := cmp.Diff(tt.calls, f.sizes()); diff != "" {
					t.Errorf("metrics a call (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestFlushSendsAgainWhatTheSendUnderWayKept: it was surely not taken.
func TestFlushSendsAgainWhatTheSendUnderWayKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(_ context.Context, n int) error {
			if n == 0 {
				time.Sleep(term / 2)
				return errDown
			}
			return nil
		}}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(1)))
		c.Begin(t.Context())
		must(t, c.Publish(t.Context(), small(2)))
		ctx, cancel := context.WithTimeout(t.Context(), term)
		defer cancel()
		must(t, c.Flush(ctx))
		if got := f.sum("Delivered", 3); got != 3 {
			t.Errorf("%g records are counted as delivered, want 3", got)
		}
	})
}

// TestFlushSendsOnceMore resends metrics that CloudWatch did not accept while time remains,
// even if another send hangs. Its error says why nothing was accepted.
func TestFlushSendsOnceMore(t *testing.T) {
	for name, tt := range map[string]struct {
		hangs     bool // a send is under way, which hangs
		down      int  // calls of Flush that CloudWatch does not take
		term      time.Duration
		calls     int // of Flush
		delivered float64
		errs      []error
	}{
		"taken then":                        {false, 1, term, 2, 2, nil},
		"not taken then":                    {false, 9, term, 2, 0, []error{errDown}},
		"no time":                           {false, 9, flushPause / 2, 1, 0, []error{errDown, context.DeadlineExceeded}},
		"taken then, beside a send":         {true, 1, term, 2, 2, []error{context.DeadlineExceeded}},
		"not taken then, beside a send":     {true, 9, term, 2, 0, []error{errDown, context.DeadlineExceeded}},
		"no time, beside a send that hangs": {true, 9, flushPause / 2, 1, 0, []error{errDown, context.DeadlineExceeded}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := 0
				f := &fake{answer: func(ctx context.Context, n int) error {
					switch {
					case n < before:
						return silent(ctx, n)
					case n-before < tt.down:
						return errDown
					}
					return nil
				}}
				c := NewCloudWatch(f, DefaultNamespace)
				if tt.hangs {
					before = 1
					must(t, c.Publish(t.Context(), small(1)))
					c.Begin(t.Context())
					synctest.Wait()
				}
				must(t, c.Publish(t.Context(), small(2)))
				ctx, cancel := context.WithTimeout(t.Context(), tt.term)
				defer cancel()
				err := c.Flush(ctx)
				for _, of := range []error{errDown, context.DeadlineExceeded} {
					if want := slices.Contains(tt.errs, of); errors.Is(err, of) != want {
						t.Errorf("Flush returned %v; that it tells of %q should be %t", err, of, want)
					}
				}
				if got := len(f.sizes()) - before; got != tt.calls {
					t.Errorf("%d calls, want %d", got, tt.calls)
				}
				if got := f.sum("Delivered", 3); got != tt.delivered {
					t.Errorf("%g records are counted as delivered, want %g", got, tt.delivered)
				}
				time.Sleep(callTimeout) // the call that hangs ends by itself
			})
		})
	}
}

// TestFlushWaitsForTheSendUnderWayToo where its own has failed: the process ends next.
func TestFlushWaitsForTheSendUnderWayToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(_ context.Context, n int) error {
			if n > 0 {
				return errDown
			}
			time.Sleep(term / 2)
			return nil
		}}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(1)))
		c.Begin(t.Context())
		must(t, c.Publish(t.Context(), small(2)))
		if err := c.Flush(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("Flush returned %v", err)
		}
		if got := f.sum("Delivered", 3); got != 1 {
			t.Errorf("%g records are counted as delivered, want 1", got)
		}
	})
}

// TestFlushCountsNothingTwice asserts this for any sends that are in progress and fail.
func TestFlushCountsNothingTwice(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			f := &fake{answer: func(_ context.Context, n int) error {
				service := rand.New(rand.NewPCG(seed, uint64(3+n)))
				time.Sleep(time.Duration(service.IntN(2000)) * time.Millisecond)
				if service.IntN(3) == 0 {
					return errDown
				}
				return nil
			}}
			c := NewCloudWatch(f, DefaultNamespace)
			want := 0
			for range 50 {
				c.Begin(t.Context())
				time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond)
				n := rng.IntN(150)
				want += n
				_ = c.Publish(t.Context(), wide(n, func(i int) string { return fmt.Sprint(i) }))
				if rng.IntN(5) == 0 {
					ctx, cancel := context.WithTimeout(t.Context(), term)
					_ = c.Flush(ctx)
					cancel()
				}
			}
			for c.Flush(t.Context()) != nil {
			}
			if got := f.sum("Delivered", 3); got != float64(want) {
				t.Errorf("seed %d: %g records are counted as delivered, want %d", seed, got, want)
			}
		})
	}
}
