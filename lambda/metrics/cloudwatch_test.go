package metrics

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
)

// refusal is CloudWatch's answer to metrics that it never takes.
func refusal() error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest}},
		Err:      &smithy.GenericAPIError{Code: "InvalidParameterValue", Message: "no"},
	}
}

func TestMetricsOfAnInvocationAreSentBesideTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := NewCloudWatch(f, DefaultNamespace)
		c.Begin(t.Context()) // there is nothing yet
		must(t, c.Publish(t.Context(), small(1)))
		synctest.Wait()
		if n := f.sizes(); n != nil {
			t.Fatalf("the first invocation made calls: %v", n)
		}
		c.Begin(t.Context())
		synctest.Wait()
		if diff := cmp.Diff([]int{14}, f.sizes()); diff != "" {
			t.Fatalf("metrics a call at the second invocation (-want +got):\n%s", diff)
		}
		c.Begin(t.Context())
		must(t, c.Flush(t.Context()))
		if n := f.sizes(); len(n) != 1 {
			t.Fatalf("metrics were sent twice: %v", n)
		}
	})
}

func TestOneCallASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := NewCloudWatch(f, DefaultNamespace)
		for range 50 { // in five seconds
			c.Begin(t.Context())
			time.Sleep(100 * time.Millisecond)
			must(t, c.Publish(t.Context(), small(1)))
		}
		synctest.Wait()
		if n := len(f.sizes()); n != 5 {
			t.Errorf("%d calls, want 5", n)
		}
		must(t, c.Flush(t.Context()))
		if got := f.sum("Delivered", 3); got != 50 {
			t.Errorf("%g records are counted as delivered, want 50", got)
		}
	})
}

func TestSlowCloudWatchHoldsNoInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(context.Context, int) error {
			time.Sleep(2 * time.Second)
			return nil
		}}
		c := NewCloudWatch(f, DefaultNamespace)
		var held []time.Duration
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			start := time.Now()
			c.Begin(ctx)
			began := time.Since(start)
			time.Sleep(50 * time.Millisecond) // the records
			start = time.Now()
			must(t, c.Publish(ctx, small(3)))
			if d := began + time.Since(start); d > 0 {
				held = append(held, d)
			}
			cancel() // as the runtime does after each invocation
		}
		must(t, c.Flush(t.Context()))
		// A call begins about every 2 s, and one invocation waits for each.
		if want := []time.Duration{patience, patience, patience}; !cmp.Equal(want, held) {
			t.Errorf("invocations were held for %v, want %v", held, want)
		}
		if got := f.sum("Delivered", 3); got != 300 {
			t.Errorf("%g records are counted as delivered, want 300", got)
		}
	})
}

func TestPublishDoesNotWaitPastItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(context.Context, int) error { time.Sleep(time.Second); return nil }}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(1)))
		c.Begin(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		must(t, c.Publish(ctx, small(1)))
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
		must(t, c.Flush(t.Context()))
	})
}

func TestWhatWasNotTakenIsSentLaterOnce(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			f := &fake{answer: func(_ context.Context, n int) error {
				service := rand.New(rand.NewPCG(seed, uint64(1+n)))
				time.Sleep(time.Duration(service.IntN(400)) * time.Millisecond)
				if service.IntN(3) > 0 {
					return errDown
				}
				return nil
			}}
			c := NewCloudWatch(f, DefaultNamespace)
			want := 0
			for range 300 {
				c.Begin(t.Context())
				time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
				n := rng.IntN(100)
				want += n
				_ = c.Publish(t.Context(), small(n))
			}
			for c.Flush(t.Context()) != nil {
			}
			for name, want := range map[string]float64{"Records": float64(want), "Delivered": float64(want), "Requests": 300} {
				if got := f.sum(name, 3); got != want {
					t.Errorf("seed %d: %s add up to %g, want %g", seed, name, got, want)
				}
			}
		})
	}
}

func TestConcurrentInvocations(t *testing.T) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(1, 1))
	f := &fake{answer: func(context.Context, int) error {
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(2) == 0 {
			return errDown
		}
		return nil
	}}
	c := NewCloudWatch(f, DefaultNamespace)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 50 {
				c.Begin(t.Context())
				_ = c.Publish(t.Context(), small(1))
				if i%10 == 0 {
					_ = c.Flush(t.Context())
				}
			}
		})
	}
	wg.Wait()
	for c.Flush(t.Context()) != nil {
	}
	if got := f.sum("Delivered", 3); got != 400 {
		t.Errorf("%g records are counted as delivered, want 400", got)
	}
}

// TestUnsureIsNotSentAgain: CloudWatch may have counted metrics without an answer.
func TestUnsureIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(ctx context.Context, n int) error {
			if n == 0 {
				return silent(ctx, n)
			}
			return nil
		}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(7)))
		c.Begin(t.Context())
		time.Sleep(callTimeout)
		err := c.Publish(t.Context(), small(1))
		if err == nil || !strings.Contains(err.Error(), "did not confirm 14 metrics") {
			t.Errorf("the log is told %v", err)
		}
		must(t, c.Flush(t.Context()))
		if got := f.sum("Delivered", 3); got != 1 {
			t.Errorf("%g records are counted as delivered, want 1", got)
		}
	})
}

// TestRefusedDoesNotBlockTheRest: the first of two calls is refused permanently.
func TestRefusedDoesNotBlockTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(_ context.Context, n int) error {
			if n == 0 {
				return refusal()
			}
			return nil
		}}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), wide(110, func(i int) string { return fmt.Sprint(i) })))
		if err := c.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "refused 1000 metrics, which are lost") {
			t.Errorf("Flush returned %v", err)
		}
		must(t, c.Flush(t.Context()))
		if diff := cmp.Diff([]int{1000, 104}, f.sizes()); diff != "" {
			t.Errorf("metrics a call (-want +got):\n%s", diff)
		}
	})
}

func TestPanicOfTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(_ context.Context, n int) error {
			if n < 2 { // Flush sends once more
				panic("boom")
			}
			return nil
		}}
		c := NewCloudWatch(f, DefaultNamespace)
		must(t, c.Publish(t.Context(), small(5)))
		if err := c.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "panicked: boom") {
			t.Errorf("Flush returned %v", err)
		}
		must(t, c.Flush(t.Context()))
		if got := f.sum("Delivered", 3); got != 5 {
			t.Errorf("%g records are counted as delivered, want 5", got)
		}
	})
}

func TestFailuresAreToldOnceAMinuteAndPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(context.Context, int) error { return errDown }}
		c := NewCloudWatch(f, DefaultNamespace)
		var told []error
		start := time.Now()
		for time.Since(start) < 10*time.Minute {
			c.Begin(t.Context())
			time.Sleep(100 * time.Millisecond)
			if err := c.Publish(t.Context(), small(1)); err != nil {
				told = append(told, err)
			}
		}
		if len(told) < 9 || len(told) > 10 {
			t.Errorf("told %d times in 10 minutes", len(told))
		}
		for _, err := range told {
			if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "sent again later") {
				t.Errorf("told %v", err)
			}
		}
		if !strings.Contains(fmt.Sprint(told[1]), "the last of ") {
			t.Errorf("the second report does not count: %v", told[1])
		}
		// Pauses double from 1 s up to a minute, and jitter may halve each.
		if n := len(f.sizes()); n < 15 || n > 27 {
			t.Errorf("%d calls in 10 minutes of failures", n)
		}
		if err := c.Flush(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("Flush returned %v", err)
		}
	})
}

func TestTooMuchHeldIsLostAndTold(t *testing.T) {
	c := NewCloudWatch(&fake{}, DefaultNamespace)
	err := c.Publish(t.Context(), wide(maxHeld/10, func(i int) string { return fmt.Sprint(i) }))
	if err == nil || err.Error() != "4 metric values are lost, because too many are waiting for CloudWatch" {
		t.Errorf("the log is told %v", err)
	}
}
