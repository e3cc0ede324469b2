package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowStore takes its time for an answer, which it numbers.
type slowStore struct {
	mu    sync.Mutex
	reads int
	takes time.Duration
	err   error
	crash bool
}

func (s *slowStore) Targets(ctx context.Context, sourceARN string) (Set, error) {
	s.mu.Lock()
	s.reads++
	id, takes, err, crash := fmt.Sprint(sourceARN, s.reads), s.takes, s.err, s.crash
	s.mu.Unlock()
	if crash {
		panic("payload")
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return Set{}, ctx.Err()
	}
	if err != nil {
		return Set{}, err
	}
	return Set{Targets: []Loaded{{ID: id}}}, nil
}

// ask returns the answer of a Cache as text.
func ask(ctx context.Context, c *Cache, source string) string {
	set, err := c.Targets(ctx, source)
	var s string
	for _, l := range set.Targets {
		s += l.ID
	}
	if set.Stale != nil {
		s += ", stale: " + set.Stale.Error()
	}
	if err != nil {
		s += "error: " + err.Error()
	}
	return s
}

func expect(t *testing.T, c *Cache, source, want string) {
	t.Helper()
	if got := ask(t.Context(), c, source); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCacheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(&slowStore{}, 0)
		expect(t, c, "a", "a1")
		expect(t, c, "b", "b2")
		time.Sleep(DefaultTTL - 1)
		expect(t, c, "a", "a1")
		time.Sleep(time.Nanosecond)
		expect(t, c, "a", "a3")
		expect(t, c, "b", "b4")
	})
}

// While the store fails, the last good set is used, and said to be old.
func TestCacheStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{err: errors.New("down")}
		c := NewCache(s, time.Minute)
		expect(t, c, "a", "error: down")
		expect(t, c, "a", "error: down") // an error is not kept
		s.err = nil
		expect(t, c, "a", "a3")
		s.err = errors.New("down again")
		time.Sleep(time.Minute)
		expect(t, c, "a", "a3, stale: down again")
		time.Sleep(retryAfter - 1)
		expect(t, c, "a", "a3, stale: down again")
		if s.reads != 4 {
			t.Errorf("%d reads", s.reads)
		}
		s.err = nil
		time.Sleep(time.Nanosecond)
		expect(t, c, "a", "a5")
	})
}

func TestCachePanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(&slowStore{crash: true}, time.Minute)
		expect(t, c, "a", "error: reading the targets of a panicked (string)")
	})
}

// Callers that come together share one refresh.
func TestCacheOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{takes: time.Second}
		c := NewCache(s, time.Minute)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { expect(t, c, "a", "a1") })
		}
		wg.Wait()
		if s.reads != 1 {
			t.Errorf("%d reads", s.reads)
		}
	})
}

// A caller that gives up neither waits nor takes the refresh from the others.
func TestCacheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{takes: 2 * time.Second}
		c := NewCache(s, time.Minute)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			start := time.Now()
			if got := ask(hasty, c, "a"); !strings.HasPrefix(got, "error: the targets of a were not read in time") {
				t.Error(got)
			}
			if waited := time.Since(start); waited != time.Second {
				t.Errorf("waited %v", waited)
			}
		})
		synctest.Wait() // the hasty one has begun the refresh
		wg.Go(func() { expect(t, c, "a", "a1") })
		wg.Wait()

		time.Sleep(time.Minute)
		hasty, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := ask(hasty, c, "a"); !strings.HasPrefix(got, "a1, stale: the targets of a were not read in time") {
			t.Error(got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		expect(t, c, "a", "a2")
	})
}

// A refresh that hangs ends by itself.
func TestCacheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(&slowStore{takes: time.Hour}, time.Minute)
		start := time.Now()
		expect(t, c, "a", "error: context deadline exceeded")
		if waited := time.Since(start); waited != refreshTimeout {
			t.Errorf("waited %v", waited)
		}
	})
}

func ExampleCache() {
	c := NewCache(&slowStore{}, time.Minute)
	for range 2 {
		set, err := c.Targets(context.Background(), "source ")
		fmt.Println(set.Targets[0].ID, set.Stale, err)
	}
	// Output:
	// source 1 <nil> <nil>
	// source 1 <nil> <nil>
}
