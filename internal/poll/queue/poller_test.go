package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// play runs a poller of f until it ends, or until the time is over.
func play(t *testing.T, f *fakeQueue, o Options, d time.Duration, h func(context.Context, []byte) ([]byte, error)) (*Poller, error) {
	t.Helper()
	p, err := New(f, f.arn(), url, h, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	return p, p.Run(ctx)
}

func TestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeQueue(true)
		f.put("a", 0)
		var got []byte
		p, err := play(t, f, Options{Once: true}, time.Hour, func(_ context.Context, event []byte) ([]byte, error) {
			got = event
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var e events.SQSEvent
		if err := json.Unmarshal(got, &e); err != nil {
			t.Fatal(err)
		}
		value := "a"
		want := []events.SQSMessage{{
			MessageId: "a-0", ReceiptHandle: "receipt-1", Body: "a 0", EventSource: "aws:sqs", EventSourceARN: fifoARN, AWSRegion: "eu-west-1",
			Attributes: map[string]string{"SentTimestamp": "1763842500000", "ApproximateReceiveCount": "1", "MessageGroupId": "a"},
			MessageAttributes: map[string]events.SQSMessageAttribute{
				"team": {StringValue: &value, DataType: "String", StringListValues: []string{}, BinaryListValues: [][]byte{}},
			},
		}}
		if d := cmp.Diff(want, e.Records); d != "" {
			t.Error(d)
		}
		if total := p.Progress().Total; f.len() != 0 || total.Records != 1 || total.Batches != 1 || total.Pending != 0 || total.InFlight != 0 {
			t.Errorf("%d messages are left, and the progress is %+v", f.len(), total)
		}
	})
}

// A message that fails is hidden until its timeout ends, and then comes again.
func TestFailedMessageComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeQueue(false)
		f.put("a", 0)
		f.put("a", 1)
		begin := time.Now()
		var times []time.Duration
		p, err := play(t, f, Options{Concurrency: 1}, 45*time.Second, func(_ context.Context, event []byte) ([]byte, error) {
			times = append(times, time.Since(begin).Round(2*time.Second))
			if len(times) == 1 {
				return []byte(`{"batchItemFailures":[{"itemIdentifier":"a-1"}]}`), nil
			}
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{0, 30 * time.Second}; !cmp.Equal(times, want) || f.len() != 0 {
			t.Errorf("invocations after %v, want %v; %d messages are left", times, want, f.len())
		}
		if total := p.Progress().Total; total.Records != 2 || total.Retries != 1 || p.Failed() != 0 {
			t.Errorf("progress %+v, %d failed", total, p.Failed())
		}
	})
}

// A delivery that outlasts the visibility timeout is not repeated.
func TestVisibilityIsRenewed(t *testing.T) {
	for _, fifo := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeQueue(fifo)
			f.put("a", 0)
			n := 0
			_, err := play(t, f, Options{Timeout: time.Hour}, 10*time.Minute, func(context.Context, []byte) ([]byte, error) {
				n++
				time.Sleep(5 * time.Minute)
				return nil, nil
			})
			if err != nil || n != 1 || f.len() != 0 {
				t.Errorf("%d invocations, %d messages are left: %v", n, f.len(), err)
			}
			if renewals := f.count("renew"); renewals < 25 {
				t.Errorf("%d renewals", renewals)
			}
		})
	}
}

// An interrupt ends the wait for messages at once, and lets the batch in progress finish.
func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeQueue(false)
		f.put("a", 0)
		begin := time.Now()
		_, err := play(t, f, Options{}, time.Second, func(ctx context.Context, _ []byte) ([]byte, error) {
			time.Sleep(5 * time.Second)
			return nil, ctx.Err()
		})
		if took := time.Since(begin); err != nil || f.len() != 0 || took != 5*time.Second {
			t.Errorf("ended after %v with %d messages left: %v", took, f.len(), err)
		}
	})
}

// With Once, a run ends when the queue is empty: also of messages that wait for others of
// their group.
func TestOnce(t *testing.T) {
	for _, o := range []Options{{Once: true}, {Once: true, BatchSize: 2, Concurrency: 3}, {Once: true, BatchSize: 1, Concurrency: 1}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeQueue(true)
			for i := range 50 {
				f.put("a", i)
			}
			begin := time.Now()
			_, err := play(t, f, o, time.Hour, func(context.Context, []byte) ([]byte, error) {
				time.Sleep(3 * time.Second)
				return nil, nil
			})
			if err != nil || f.len() != 0 || time.Since(begin) > 10*time.Minute {
				t.Errorf("%+v: ended after %v with %d messages left: %v", o, time.Since(begin), f.len(), err)
			}
		})
	}
}

func TestLargeBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeQueue(false)
		for i := range 95 {
			f.put("a", i)
		}
		most := 0
		_, err := play(t, f, Options{Once: true, BatchSize: 1000, Concurrency: 1}, time.Hour, func(_ context.Context, event []byte) ([]byte, error) {
			most = max(most, strings.Count(string(event), "messageId"))
			return nil, nil
		})
		if err != nil || most != 95 || f.len() != 0 || f.count("delete") != 10 {
			t.Errorf("a batch of %d, %d deletions, %d messages left: %v", most, f.count("delete"), f.len(), err)
		}
	})
}

func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeQueue(true)
		f.put("a", 0)
		n := 0
		p, err := play(t, f, Options{GiveUp: 3}, 24*time.Hour, func(context.Context, []byte) ([]byte, error) {
			n++
			return []byte(`{"batchItemFailures":[{"itemIdentifier":"elsewhere"}]}`), nil
		})
		if n != 3 || f.len() != 1 || p.Failed() != 1 || err == nil || !strings.Contains(err.Error(), "3 times") {
			t.Errorf("%d tries, %d messages are left, %d failed: %v", n, f.len(), p.Failed(), err)
		}
	})
}

// Errors that no retry can help end the run, and others do not.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		op   string
		err  error
		want string // "": the run goes on
	}{
		{"look", apiError("QueueDoesNotExist"), "was not found"},
		{"look", apiError("AWS.SimpleQueueService.NonExistentQueue"), "was not found"},
		{"look", errors.New("no such host"), "check the network"},
		{"look", apiError("RequestThrottled"), ""},
		{"receive", apiError("AccessDenied"), "allow sqs:GetQueueAttributes"},
		{"receive", apiError("KmsDisabled"), "KMS key"},
		{"receive", apiError("InvalidClientTokenId"), "credentials"},
		{"receive", apiError("InternalError"), ""},
		{"delete", apiError("AccessDenied"), ""},
		{"renew", apiError("AccessDenied"), ""},
	} {
		t.Run(fmt.Sprint(tt.op, tt.err), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeQueue(false)
				f.put("a", 0)
				begin := time.Now()
				f.before = func(op string) (error, error) {
					if op == tt.op && time.Since(begin) < time.Minute {
						return tt.err, nil
					}
					return nil, nil
				}
				_, err := play(t, f, Options{}, time.Hour, func(context.Context, []byte) ([]byte, error) { return nil, nil })
				switch {
				case tt.want == "" && (err != nil || f.len() != 0):
					t.Errorf("%d messages are left: %v", f.len(), err)
				case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), standardARN)):
					t.Errorf("%v, want %q and the queue", err, tt.want)
				}
			})
		})
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		arn  string
		o    Options
		want string
	}{
		{standardARN, Options{BatchSize: 10_000}, ""},
		{standardARN, Options{BatchSize: 10_001}, "BatchSize"},
		{fifoARN, Options{BatchSize: 11}, "1 to 10"},
		{fifoARN, Options{Concurrency: -1}, "Concurrency"},
		{fifoARN, Options{Timeout: -1}, "Timeout"},
		{"arn:aws:sns:eu-west-1:123456789012:orders", Options{}, "not the ARN of a queue"},
		{"orders", Options{}, "not the ARN of a queue"},
	} {
		_, err := New(nil, tt.arn, url, nil, tt.o)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s %+v: %v, want %q", tt.arn, tt.o, err, tt.want)
		}
	}
}
