package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnceDeliversAllInOrder(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("a", "other")
		f.pageSize = 2
		f.put("a", 2500)
		f.put("other", 7)
		f.split("a", "b", "c")
		f.put("b", 120)
		f.put("c", 3)
		f.open("d", "b")
		f.put("d", 101)
		r := newReceiver(t)
		p := s.poller(t, f, r.handle, Options{Once: true})
		must(t, p.Run(t.Context()))

		r.wantAll(f, "a", "b", "c", "d", "other")
		r.wantBefore("a", "b")
		r.wantBefore("a", "c")
		r.wantBefore("b", "d")
		for _, b := range r.batches {
			if len(b) > 100 {
				t.Errorf("a batch of %d records", len(b))
			}
		}
		want := Progress{Total: ShardProgress{Records: 2500 + 7 + 120 + 3 + 101, Batches: 25 + 1 + 2 + 1 + 2}}
		if diff := cmp.Diff(want, p.Progress()); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
	})
}

func TestChildOfMergeWaitsForBothParents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a", "b")
		f.put("a", 3)
		f.put("b", 500)
		f.merge("a", "b", "c")
		f.put("c", 5)
		r := newReceiver(t)
		slow := func(_ context.Context, batch []delivery) (string, error) {
			if batch[0].shard() == "b" {
				wait(10 * time.Second)
			}
			return "", nil
		}
		r.reply = slow
		services[0].run(t, f, r.handle, Options{Once: true})
		r.wantAll(f, "a", "b", "c")
		r.wantBefore("a", "c")
		r.wantBefore("b", "c")
	})
}

func TestReshardingWhileItRuns(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("a")
		r := newReceiver(t)
		_, stop := s.start(t, f, r.handle, Options{Start: Latest})
		wait(2 * time.Second)
		f.put("a", 10)
		f.split("a", "b", "c")
		f.put("b", 4)
		f.put("c", 4)
		wait(10 * time.Second)
		r.wantAll(f, "a", "b", "c")
		r.wantBefore("a", "b")
		r.wantBefore("a", "c")

		// A shard with no ended parent is found by the regular listing.
		f.open("new")
		f.put("new", 1)
		wait(relist + 5*time.Second)
		r.wantAll(f, "a", "b", "c", "new")
		must(t, stop())
	})
}

func TestOnceLeavesShardsThatComeUpLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 3)
		r := newReceiver(t)
		r.reply = func(_ context.Context, batch []delivery) (string, error) {
			if batch[0].data == "a/0" {
				wait(2 * relist)
				f.split("a", "b", "c")
				f.put("b", 1)
			}
			return "", nil
		}
		services[0].run(t, f, r.handle, Options{Once: true, Timeout: time.Hour})
		r.wantAll(f, "a")
	})
}

func TestOnceWithAServiceThatDoesNotTellTheTip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.silent = true
		f.put("a", 3)
		r := newReceiver(t)
		services[0].run(t, f, r.handle, Options{Once: true})
		r.wantAll(f, "a")
		if n := len(f.readsOf("a")); n != 3 {
			t.Errorf("%d reads, want 1 with records and 2 without", n)
		}
	})
}

func TestOnceWithAServiceThatNeverEndsShards(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("a")
		f.endless = true
		f.put("a", 300)
		f.split("a", "b", "c")
		f.put("b", 3)
		store := NewMemory()
		for range 2 {
			r := newReceiver(t)
			s.run(t, f, r.handle, Options{Once: true, Checkpoints: store})
			if marks, err := store.Load(s.arn); err != nil || marks["a"].Ended {
				t.Errorf("checkpoints %v, %v: a was not seen to end", marks, err)
			}
			if len(f.data("c")) == 0 {
				r.wantAll(f, "a", "b")
				r.wantBefore("a", "b")
			} else if diff := cmp.Diff([]string{"c/0"}, r.seen()); diff != "" {
				t.Errorf("deliveries after a restart (-want +got):\n%s", diff)
			}
			f.put("c", 1)
		}
	})
}

func TestStartLatest(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("old", "a", "quiet")
		f.put("quiet", 4500)
		f.put("old", 5)
		f.open("child", "old")
		f.put("child", 5)
		f.put("a", 4500)
		r := newReceiver(t)
		wait(time.Minute)
		store := NewMemory()
		_, stop := s.start(t, f, r.handle, Options{Start: Latest, Checkpoints: store})
		wait(3 * time.Second)
		if len(r.seen()) > 0 {
			t.Errorf("delivered what was there before: %v", r.seen())
		}
		if n := len(f.readsOf("old")); n > 0 {
			t.Errorf("a shard that was closed before was read %d times", n)
		}
		f.put("child", 2)
		wait(3 * time.Second)
		if diff := cmp.Diff(names("child", 5, 7), r.seen()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		must(t, stop())

		// Records that arrive while no run reads are not lost, not even in a quiet
		// shard.
		f.put("a", 2)
		f.split("a", "b", "c")
		f.put("b", 1)
		f.put("quiet", 1)
		r.batches = nil
		s.run(t, f, r.handle, Options{Start: Latest, Checkpoints: store, Once: true})
		got := r.seen()
		slices.Sort(got)
		if diff := cmp.Diff([]string{"a/4500", "a/4501", "b/0", "quiet/4500"}, got); diff != "" {
			t.Errorf("deliveries after a restart (-want +got):\n%s", diff)
		}
	})
}

func TestLatestWhateverTheClocksSay(t *testing.T) {
	for _, s := range services {
		for _, clock := range []time.Duration{-time.Minute, time.Minute} {
			t.Run(fmt.Sprint(s.name, clock), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeStream("a")
					f.clock = clock
					f.put("a", 5)
					r := newReceiver(t)
					_, stop := s.start(t, f, r.handle, Options{Start: Latest})
					wait(3 * time.Second)
					f.put("a", 2)
					wait(3 * time.Second)
					must(t, stop())
					if diff := cmp.Diff(names("a", 5, 7), r.seen()); diff != "" {
						t.Errorf("deliveries (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// The iterator at LATEST expires before the first record comes.
func TestLatestSurvivesAnExpiredIterator(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("a")
		f.put("a", 1500)
		wait(time.Minute)
		down := false
		f.fail = func(op, _ string) error {
			if down && op == "read" {
				return errors.New("connection refused")
			}
			return nil
		}
		r := newReceiver(t)
		_, stop := s.start(t, f, r.handle, Options{Start: Latest})
		wait(3 * time.Second)
		f.mu.Lock()
		down = true
		f.mu.Unlock()
		wait(time.Minute)
		f.put("a", 2)
		wait(10 * time.Minute)
		f.mu.Lock()
		down = false
		f.mu.Unlock()
		wait(2 * time.Minute)
		must(t, stop())
		if diff := cmp.Diff(names("a", 1500, 1502), r.seen()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

// A shard that waits for its turn, while the read of another hangs, still begins at
// the start of the run.
func TestLatestOfAShardThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &hanging{fakeKinesis: fakeKinesis{newFakeStream("a", "b")}}
		f.put("a", 5)
		f.put("b", 5)
		wait(time.Minute)
		f.hang.Store(true)
		r := newReceiver(t)
		p, err := NewKinesis(f, kinesisARN, r.handle, Options{Start: Latest, Shards: 1})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		wait(callTimeout / 2)
		f.hang.Store(false)
		f.put("a", 2)
		f.put("b", 2)
		wait(callTimeout)
		cancel()
		must(t, <-done)
		got := r.seen()
		slices.Sort(got)
		if diff := cmp.Diff(append(names("a", 5, 7), names("b", 5, 7)...), got); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

func TestStartAtTimestamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 3)
		f.split("a", "b", "c")
		f.put("b", 3)
		wait(time.Minute)
		at := time.Now()
		wait(time.Minute)
		f.put("b", 2)
		f.split("b", "d", "e")
		f.put("d", 2)
		for _, s := range services {
			r := newReceiver(t)
			s.run(t, f, r.handle, Options{Start: AtTimestamp(at), Once: true})
			want := append(names("b", 3, 5), names("d", 0, 2)...)
			if diff := cmp.Diff(want, r.seen()); diff != "" {
				t.Errorf("%s: deliveries (-want +got):\n%s", s.name, diff)
			}
		}
	})
}

// A run until a time ends, although records keep coming.
func TestUntil(t *testing.T) {
	for _, s := range services {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeStream("a", "b")
			f.put("a", 3)
			f.split("a", "c", "d")
			f.put("c", 2)
			f.put("b", 1)
			wait(time.Minute)
			until := time.Now()
			f.put("c", 1)
			wait(hostsDiffer)
			f.put("c", 1)
			ctx, stop := context.WithCancel(context.Background())
			var coming sync.WaitGroup
			coming.Go(func() {
				for Sleep(ctx, minInterval/2) {
					f.put("c", 1)
				}
			})
			r := newReceiver(t)
			s.run(t, f, r.handle, Options{Until: until, Once: true})
			stop()
			coming.Wait()
			got := r.seen()
			slices.Sort(got)
			if diff := cmp.Diff(slices.Concat(names("a", 0, 3), names("b", 0, 1), names("c", 0, 2)), got); diff != "" {
				t.Errorf("%s: deliveries (-want +got):\n%s", s.name, diff)
			}
		})
	}
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 30_000)
		_, stop := services[0].start(t, f, newReceiver(t).handle, Options{BatchSize: 10_000})
		begin := time.Now()
		wait(3 * time.Second)
		must(t, stop())
		var got []time.Duration
		for _, at := range f.readsOf("a") {
			got = append(got, at.Sub(begin))
		}
		ms := time.Millisecond
		want := []time.Duration{0, 200 * ms, 400 * ms, 600 * ms, 1600 * ms, 2600 * ms}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reads (-want +got):\n%s", diff)
		}
	})
}

func TestShardsAtATimeAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream()
		var ids []string
		for i := range 12 {
			ids = append(ids, fmt.Sprintf("s%d", i))
			f.open(ids[i])
			f.put(ids[i], 250)
		}
		r := newReceiver(t)
		r.reply = func(_ context.Context, batch []delivery) (string, error) {
			wait(time.Second)
			if s := batch[0].shard(); s == "s0" || s == "s1" {
				return "", errors.New("poison")
			}
			return "", nil
		}
		_, stop := services[0].start(t, f, r.handle, Options{Shards: 2})
		wait(5 * time.Minute)
		must(t, stop())
		if r.most != 2 {
			t.Errorf("%d shards were at work at a time, want 2", r.most)
		}
		// There are more shards than slots, and two shards never progress: all the
		// others do.
		for _, id := range ids[2:] {
			n := 0
			for _, data := range r.seen() {
				if strings.HasPrefix(data, id+"/") {
					n++
				}
			}
			if n != 250 {
				t.Errorf("shard %s: %d records delivered, want 250", id, n)
			}
		}
	})
}

func TestFirstListing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		times int
		want  string // in the error; "": heals
	}{
		{"network back soon", errors.New("connection refused"), firstTries - 1, ""},
		{"network down", errors.New("connection refused"), firstTries, "could not be listed; check the network"},
		{"throttled for long", apiError("LimitExceededException"), 50, ""},
		{"being created", apiError("ResourceInUseException"), 10, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeStream("a")
				f.put("a", 1)
				calls := 0
				f.fail = func(op, _ string) error {
					if calls++; op == "list" && calls <= tt.times {
						return tt.err
					}
					return nil
				}
				r := newReceiver(t)
				err := services[0].poller(t, f, r.handle, Options{Once: true}).Run(t.Context())
				if tt.want == "" {
					must(t, err)
					r.wantAll(f, "a")
				} else if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), kinesisARN) {
					t.Errorf("error %v, want one with %q and the stream", err, tt.want)
				}
			})
		})
	}
}

func TestRunEndsWithoutShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream()
		services[0].run(t, f, newReceiver(t).handle, Options{Once: true})

		f.fail = func(string, string) error { return errors.New("connection refused") }
		_, stop := services[0].start(t, f, newReceiver(t).handle, Options{})
		wait(time.Millisecond)
		must(t, stop())
	})
}

func TestLaterListingsFail(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"heals", errors.New("connection refused"), ""},
		{"does not", apiError("ResourceNotFoundException"), "was not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeStream("a")
				lists := 0
				f.fail = func(op, _ string) error {
					if op == "list" {
						if lists++; lists > 1 && lists < 5 {
							return tt.err
						}
					}
					return nil
				}
				r := newReceiver(t)
				_, stop := services[0].start(t, f, r.handle, Options{})
				wait(relist / 2)
				f.split("a", "b", "c")
				f.put("b", 1)
				wait(2 * time.Minute)
				err := stop()
				if tt.want == "" {
					must(t, err)
					r.wantAll(f, "b")
				} else if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one with %q", err, tt.want)
				}
			})
		})
	}
}
