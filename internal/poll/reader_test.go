package poll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestUnacknowledgedRecordsComeAgain(t *testing.T) {
	poison := func(answer func([]delivery, int) (string, error)) func(context.Context, []delivery) (string, error) {
		left := 3
		return func(_ context.Context, batch []delivery) (string, error) {
			for i, d := range batch {
				if d.data == "a/4" && left > 0 {
					left--
					return answer(batch, i)
				}
			}
			return `{"batchItemFailures":[]}`, nil
		}
	}
	const whole = "[0-9] [0-9] [0-9] [0-9] [10-19]"
	for _, tt := range []struct {
		name   string
		answer func(batch []delivery, i int) (string, error)
		want   string // batches
	}{
		{"named", func(b []delivery, i int) (string, error) { return fails(b[i].seq), nil }, "[0-9] [4-9] [4-9] [4-9] [10-19]"},
		{"the lowest of many", func(b []delivery, i int) (string, error) {
			return fails(b[len(b)-1].seq, b[i].seq, b[i+1].seq), nil
		}, "[0-9] [4-9] [4-9] [4-9] [10-19]"},
		{"an error", func([]delivery, int) (string, error) { return "", errors.New("no") }, whole},
		{"a panic", func([]delivery, int) (string, error) { panic("payload") }, whole},
		{"an unknown record", func(b []delivery, i int) (string, error) { return fails(b[i].seq, "12"), nil }, whole},
		{"an empty identifier", func([]delivery, int) (string, error) { return fails(""), nil }, whole},
		{"a null identifier", func([]delivery, int) (string, error) {
			return `{"batchItemFailures":[{"itemIdentifier":null}]}`, nil
		}, whole},
		{"a bad key", func([]delivery, int) (string, error) { return `{"batchItemFailures":[{"id":"1"}]}`, nil }, whole},
		{"not an answer", func([]delivery, int) (string, error) { return `"OK"`, nil }, whole},
	} {
		eachService(t, tt.name, func(t *testing.T, s service) {
			f := newFakeStream("a")
			f.put("a", 20)
			r := newReceiver(t)
			r.reply = poison(tt.answer)
			p := s.poller(t, f, r.handle, Options{BatchSize: 10, Once: true})
			must(t, p.Run(t.Context()))
			var got []string
			for _, b := range r.batches {
				got = append(got, fmt.Sprintf("[%s-%s]", strings.TrimPrefix(b[0].data, "a/"), strings.TrimPrefix(b[len(b)-1].data, "a/")))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
			want := ShardProgress{Records: 20, Batches: 5, Retries: 3}
			if got := p.Progress().Total; got.Records != want.Records || got.Batches != want.Batches || got.Retries != want.Retries {
				t.Errorf("progress %+v, want %+v", got, want)
			}
		})
	}
}

// A record that never succeeds is retried forever, with longer and longer waits.
// Nothing behind its batch is delivered, and the log stays short.
func TestPoisonRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a", "b")
		f.put("a", 150)
		f.put("b", 150)
		r := newReceiver(t)
		r.reply = func(_ context.Context, batch []delivery) (string, error) {
			if batch[0].shard() == "a" {
				return "", errors.New("poison")
			}
			return "", nil
		}
		core, logs := observer.New(zapcore.WarnLevel)
		store := NewMemory()
		p, stop := services[0].start(t, f, r.handle, Options{Log: zap.New(core), Checkpoints: store})
		wait(time.Hour)
		// The waits are up to one minute, on average half of it.
		if n := p.Progress().Total.Retries; n < 60 || n > 300 {
			t.Errorf("%d retries in an hour, want about 120", n)
		}
		must(t, stop())
		for _, data := range r.seen() {
			if data == "a/100" {
				t.Error("a record behind the failed batch was delivered")
			}
		}
		r.batches = nil
		marks, err := store.Load(kinesisARN)
		must(t, err)
		if _, ok := marks["a"]; ok || marks["b"].Seq == "" {
			t.Errorf("checkpoints %v, want one of b alone", marks)
		}
		if n := logs.Len(); n < 1 || n > 60 {
			t.Errorf("%d lines were logged in an hour, want at most one a minute", n)
		}
		if e := logs.All()[0]; e.Message != "records were not delivered; trying again" || e.ContextMap()["shard"] != "a" {
			t.Errorf("logged %q with %v", e.Message, e.ContextMap())
		}
	})
}

func TestBatchUnderWayIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 20)
		r := newReceiver(t)
		r.reply = func(ctx context.Context, _ []delivery) (string, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left != 7*time.Second {
				t.Errorf("the deadline is %v away, want 7s", left)
			}
			wait(5 * time.Second)
			return "", ctx.Err()
		}
		store := NewMemory()
		_, stop := services[0].start(t, f, r.handle, Options{BatchSize: 10, Timeout: 7 * time.Second, Checkpoints: store})
		wait(time.Second)
		must(t, stop())
		marks, err := store.Load(kinesisARN)
		must(t, err)
		if want := f.shard("a").recs[9].seq; marks["a"].Seq != want || len(r.batches) != 1 {
			t.Errorf("checkpoint %v after %d batches, want %s after 1", marks["a"], len(r.batches), want)
		}
	})
}

func TestHandlerThatRunsIntoItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 1)
		r := newReceiver(t)
		r.reply = func(ctx context.Context, _ []delivery) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
		_, stop := services[0].start(t, f, r.handle, Options{})
		wait(time.Second)
		begin := time.Now()
		must(t, stop())
		if waited := time.Since(begin); waited != 29*time.Second {
			t.Errorf("stopped %v after it was told to, want at the deadline in 29s", waited)
		}
	})
}

func TestReadFaultsThatHeal(t *testing.T) {
	for _, tt := range []struct {
		name string
		op   string
		err  error
	}{
		{"throttled read", "read", apiError("ProvisionedThroughputExceededException")},
		{"throttled iterator", "iterator", apiError("LimitExceededException")},
		{"connection", "read", errors.New("connection reset by peer")},
		{"server error", "read", apiError("InternalFailure")},
		{"expired at once", "read", apiError("ExpiredIteratorException")},
		{"refused iterator", "read", apiError("InvalidArgumentException")},
		{"unknown for a while", "read", apiError("ResourceNotFoundException")},
	} {
		eachService(t, tt.name, func(t *testing.T, s service) {
			f := newFakeStream("a")
			f.put("a", 2500)
			n := 0
			f.fail = func(op, _ string) error {
				if op != tt.op {
					return nil
				}
				if n++; n < 8 {
					return tt.err
				}
				return nil
			}
			core, logs := observer.New(zapcore.WarnLevel)
			r := newReceiver(t)
			p := s.poller(t, f, r.handle, Options{Once: true, Log: zap.New(core)})
			must(t, p.Run(t.Context()))
			r.wantAll(f, "a")
			if total := p.Progress().Total; total.Records != 2500 || total.Retries != 0 || total.Gaps != 0 {
				t.Errorf("progress %+v, want 2500 records, once each", total)
			}
			if logs.Len() > 3 {
				t.Errorf("%d lines were logged for one outage", logs.Len())
			}
		})
	}
}

// hanging is a stream whose reads hang, while hang is set, until they are canceled.
type hanging struct {
	fakeKinesis
	hang atomic.Bool
}

func (h *hanging) GetRecords(ctx context.Context, in *kinesis.GetRecordsInput, opts ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	if h.hang.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.fakeKinesis.GetRecords(ctx, in, opts...)
}

func TestHangingRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &hanging{fakeKinesis: fakeKinesis{newFakeStream("a")}}
		f.put("a", 1)
		f.hang.Store(true)
		core, logs := observer.New(zapcore.WarnLevel)
		r := newReceiver(t)
		p, err := NewKinesis(f, kinesisARN, r.handle, Options{Log: zap.New(core)})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		wait(callTimeout / 2)
		f.hang.Store(false)
		wait(callTimeout)
		r.wantAll(f.fakeStream, "a")
		if logs.Len() != 1 {
			t.Errorf("%d lines were logged of one hanging read", logs.Len())
		}

		wait(2 * quiet) // long enough that no message is suppressed
		f.hang.Store(true)
		wait(2 * time.Second)
		begin := time.Now()
		cancel()
		must(t, <-done)
		if waited := time.Since(begin); waited > 0 {
			t.Errorf("the run ended %v after it was told to", waited)
		}
		if logs.Len() != 1 {
			t.Errorf("the end was logged: %v", logs.All()[1:])
		}
	})
}

// Delivery of one read takes longer than the life of an iterator.
func TestExpiredIteratorIsRenewedFromTheCheckpoint(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("a")
		f.put("a", 500)
		r := newReceiver(t)
		r.reply = func(context.Context, []delivery) (string, error) {
			wait(2 * time.Minute)
			return "", nil
		}
		core, logs := observer.New(zapcore.WarnLevel)
		_, stop := s.start(t, f, r.handle, Options{Timeout: time.Hour, Log: zap.New(core)})
		wait(time.Minute)
		f.put("a", 50)
		wait(time.Hour)
		must(t, stop())
		if logs.Len() > 0 {
			t.Errorf("what is ordinary was logged: %v", logs.All())
		}
		if diff := cmp.Diff(f.data("a"), r.seen()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

func TestTrimmedRecordsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := services[1]
		f := newFakeStream("a", "gone")
		f.put("a", 10)
		f.put("gone", 10)
		store := NewMemory()
		s.run(t, f, newReceiver(t).handle, Options{Once: true, Checkpoints: store})

		f.put("a", 10)
		f.trim("a", 15)
		f.remove("gone")
		f.open("next", "gone")
		f.put("next", 1)
		core, logs := observer.New(zapcore.WarnLevel)
		r := newReceiver(t)
		p := s.poller(t, f, r.handle, Options{Once: true, Checkpoints: store, Log: zap.New(core), Start: Latest})
		must(t, p.Run(t.Context()))
		got := make(map[string]bool)
		for _, data := range r.seen() {
			got[data] = true
		}
		want := make(map[string]bool)
		for _, data := range append(names("a", 15, 20), "next/0") {
			want[data] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		if gaps := p.Progress().Total.Gaps; gaps != 2 || logs.Len() != 2 {
			t.Errorf("%d gaps and %d lines, want 2 of each", gaps, logs.Len())
		}
	})
}

// A shard is deleted while it is being read.
func TestDeletedShardIsReportedAndItsChildRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 1)
		r := newReceiver(t)
		p, stop := services[1].start(t, f, r.handle, Options{Start: Latest})
		wait(time.Second)
		f.put("a", 1)
		wait(5 * time.Second)
		f.remove("a")
		f.open("b", "a")
		f.put("b", 1)
		wait(5 * time.Second)
		if diff := cmp.Diff([]string{"a/1", "b/0"}, r.seen()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		if gaps := p.Progress().Total.Gaps; gaps != 1 {
			t.Errorf("%d gaps, want 1", gaps)
		}
		must(t, stop())
	})
}

func TestFaultsThatEndTheRun(t *testing.T) {
	for _, tt := range []struct{ op, code, want string }{
		{"list", "ResourceNotFoundException", "stream %s was not found; check its name, region and account: "},
		{"list", "AccessDeniedException", "access to stream %s is denied; allow "},
		{"list", "UnrecognizedClientException", "the credentials were not accepted for stream %s; renew or correct them: "},
		{"iterator", "AccessDeniedException", "access to stream %s is denied; allow "},
		{"read", "ExpiredTokenException", "the credentials were not accepted for stream %s; renew or correct them: "},
		{"read", "KMSDisabledException", "the KMS key of stream %s cannot be used; check its state and allow kms:Decrypt: "},
	} {
		eachService(t, tt.op+"/"+tt.code, func(t *testing.T, s service) {
			f := newFakeStream("a", "b")
			f.put("a", 1)
			f.fail = func(op, shard string) error {
				if op == tt.op && shard != "b" {
					return fmt.Errorf("operation error: %w", apiError(tt.code))
				}
				return nil
			}
			err := s.poller(t, f, newReceiver(t).handle, Options{}).Run(t.Context())
			want := fmt.Sprintf(tt.want, s.arn)
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "the service's words") {
				t.Errorf("error %q, want %q and the service's words", err, want)
			}
		})
	}
}

// The stream is deleted while it is being read.
func TestDeletedStreamEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		p := services[0].poller(t, f, newReceiver(t).handle, Options{})
		done := make(chan error, 1)
		go func() { done <- p.Run(t.Context()) }()
		wait(time.Second)
		f.mu.Lock()
		f.fail = func(string, string) error { return apiError("ResourceNotFoundException") }
		f.mu.Unlock()
		if err := <-done; err == nil || !strings.Contains(err.Error(), "was not found") {
			t.Errorf("error %v, want one that says that the stream was not found", err)
		}
	})
}

func TestCheckpointOfAnotherStreamOfTheName(t *testing.T) {
	eachService(t, "", func(t *testing.T, s service) {
		f := newFakeStream("a")
		f.put("a", 1)
		store := NewMemory()
		must(t, store.Save(s.arn, map[string]Checkpoint{"a": {Seq: "17"}}))
		err := s.poller(t, f, newReceiver(t).handle, Options{Checkpoints: store}).Run(t.Context())
		want := "shard a of stream " + s.arn + " has no record with the sequence number of its checkpoint"
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	})
}

// The lag is the age of the oldest unacknowledged record by the service's clock,
// also while a batch hangs.
func TestProgressOfAShard(t *testing.T) {
	for _, s := range services {
		for _, clock := range []time.Duration{0, 20 * time.Second, -20 * time.Second} {
			t.Run(fmt.Sprint(s.name, clock), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeStream("a", "b")
					f.clock = clock
					f.put("a", 200)
					wait(time.Minute)
					f.put("a", 50)
					r := newReceiver(t)
					var healed atomic.Bool
					r.reply = func(_ context.Context, batch []delivery) (string, error) {
						if healed.Load() {
							return "", nil
						}
						wait(time.Hour)
						if len(batch) > 20 {
							return fails(batch[20].seq), nil
						}
						return "", nil
					}
					p, stop := s.start(t, f, r.handle, Options{Timeout: 2 * time.Hour})
					check := func(want ShardProgress) {
						t.Helper()
						got := p.Progress()
						if off := (got.Total.Lag - want.Lag).Abs(); off > time.Second {
							t.Errorf("the lag is %v, want %v", got.Total.Lag, want.Lag)
						}
						want.Lag = got.Total.Lag
						total := want
						want.ID = "a"
						if diff := cmp.Diff(Progress{total, []ShardProgress{want, {ID: "b"}}}, got); diff != "" {
							t.Errorf("progress (-want +got):\n%s", diff)
						}
					}
					wait(20 * time.Second)
					check(ShardProgress{Batches: 1, Pending: 250, InFlight: 100, Lag: 80 * time.Second})
					wait(90 * time.Minute)
					check(ShardProgress{Batches: 2, Retries: 1, Records: 20, Pending: 230, InFlight: 80, Lag: 91*time.Minute + 20*time.Second})
					healed.Store(true)
					wait(time.Hour)
					check(ShardProgress{Batches: 5, Retries: 2, Records: 250})
					must(t, stop())
				})
			})
		}
	}
}

// With GiveUp, records that are never acknowledged end the run, and the checkpoint
// stays before them.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream("a")
		f.put("a", 3)
		tries := 0
		r := newReceiver(t)
		r.reply = func(_ context.Context, batch []delivery) (string, error) {
			if tries++; tries == 2 {
				return `{"batchItemFailures":[{"itemIdentifier":"` + batch[1].seq + `"}]}`, nil
			}
			return "", errors.New("no")
		}
		store := NewMemory()
		err := services[0].poller(t, f, r.handle, Options{GiveUp: 3, Once: true, Checkpoints: store}).Run(t.Context())
		if err == nil || tries != 4 || !strings.Contains(err.Error(), "was tried 3 times in a row and not delivered; the checkpoint stays before it") {
			t.Errorf("%d tries, error %v", tries, err)
		}
		last := r.batches[len(r.batches)-1][0]
		if last.data != "a/1" || err != nil && !strings.Contains(err.Error(), "the record "+last.seq+" of shard a") {
			t.Errorf("%s was handed over last, and the error is %v", last.data, err)
		}
		if _, err := NewKinesis(nil, kinesisARN, r.handle, Options{GiveUp: -1}); err == nil {
			t.Error("giving up after -1 tries is taken")
		}
	})
}
