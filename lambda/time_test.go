package lambda_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/lambda"
	"fanout/lambda/metrics"
)

// services stands for Kinesis and Firehose. Each accepts the two records of a request;
// Kinesis does so once hang returns.
type services struct {
	hang  func(context.Context) error
	mu    sync.Mutex
	taken map[string]int // requests, by operation
}

func (s *services) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	answer := `{"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`
	if operation == "PutRecords" {
		if err := s.hang(r.Context()); err != nil {
			return nil, err
		}
		answer = `{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[operation]++
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// The answer always comes before the deadline. Records that could not be
// sent, or whose delivery is unknown, have failed.
func TestDeadline(t *testing.T) {
	const all = `{"batchItemFailures":[{"itemIdentifier":"49590338271490256"}]}`
	event := orderEvent([]byte("one"), []byte("two"))
	for name, c := range map[string]struct {
		left, margin time.Duration
		ignores      bool // its context
		took         time.Duration
		healthy      int // requests to the other target
	}{
		"near":                          {100 * time.Millisecond, time.Second, false, 0, 0},
		"past":                          {-time.Second, time.Second, false, 0, 0},
		"a target hangs":                {10 * time.Second, time.Second, false, 9 * time.Second, 1},
		"a target ignores its context":  {10 * time.Second, time.Second, true, 9500 * time.Millisecond, 1},
		"a target hangs, little margin": {10 * time.Second, 200 * time.Millisecond, false, 9800 * time.Millisecond, 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "targets.yaml")
			if err := os.WriteFile(file, []byte(targets(orders, "id: hangs, type: kinesis, destination: x", "id: healthy, type: firehose, destination: y")), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				ready := true // Kinesis is, for now
				s := &services{taken: make(map[string]int)}
				s.hang = func(ctx context.Context) error {
					switch {
					case ready:
						return nil
					case c.ignores:
						<-release
					default:
						<-ctx.Done()
					}
					return ctx.Err()
				}
				o := lambda.DefaultOptions()
				o.Metrics = metrics.ModeNone
				o.TargetsFile, o.DeadlineMargin, o.ReportBatchItemFailures = file, c.margin, true
				h, err := lambda.New(o, aws.Config{
					Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAFUNCTION", "made up", ""),
					HTTPClient: &http.Client{Transport: s},
					Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
				}, zap.NewNop())
				if err != nil {
					t.Fatal(err)
				}
				if answer, err := h.Invoke(t.Context(), []byte(event)); err != nil || string(answer) != `{"batchItemFailures":[]}` {
					t.Fatalf("with time enough: %s, %v", answer, err)
				}
				ready = false
				start, before := time.Now(), s.taken["PutRecordBatch"]
				ctx, cancel := context.WithTimeout(t.Context(), c.left)
				defer cancel()
				answer, err := h.Invoke(ctx, []byte(event))
				if err != nil || string(answer) != all {
					t.Errorf("got %s, %v", answer, err)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("it took %v of %v, want %v", took, c.left, c.took)
				}
				s.mu.Lock()
				if n := s.taken["PutRecordBatch"] - before; n != c.healthy {
					t.Errorf("the healthy target got %d requests, want %d", n, c.healthy)
				}
				s.mu.Unlock()
				close(release)
			})
		})
	}
}

// Targets are read again after the TTL. If the read fails, the last good targets are used,
// with a log line.
func TestConfigTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		lines := func(name string) int {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil && !os.IsNotExist(err) {
				t.Error(err)
			}
			return strings.Count(string(text), "\n")
		}
		to := func(name string) string {
			return targets(orders, "id: x, type: file, destination: '"+filepath.Join(dir, name)+"'")
		}
		a := &account{t: t, file: filepath.Join(dir, "targets.yaml")}
		a.configure(to("first"))
		o := lambda.DefaultOptions()
		o.Metrics = metrics.ModeNone
		o.TargetsFile, o.ConfigTTL = a.file, time.Minute
		var err error
		if a.Handler, err = lambda.New(o, aws.Config{}, lambda.NewLogger(&a.log, zap.WarnLevel)); err != nil {
			t.Fatal(err)
		}

		for _, step := range []struct {
			config string
			after  time.Duration // since the step before
			to     string
			stale  string
		}{
			{to("first"), 0, "first", ""},
			{to("second"), time.Minute - 1, "first", ""},
			{to("second"), 1, "second", ""},
			{"targets: {", time.Minute, "second", "yaml"},
			{to("third"), 5*time.Second - 1, "second", "yaml"}, // it is not tried again at once
			{to("third"), 1, "third", ""},
			{to("fourth"), time.Hour, "fourth", ""},
		} {
			a.configure(step.config)
			time.Sleep(step.after)
			before := lines(step.to)
			a.deliver(orderEvent([]byte("one")))
			if lines(step.to) != before+1 {
				t.Errorf("%v after a change of targets the record did not go to %s", step.after, step.to)
			}
			log := a.logged()
			if step.stale == "" {
				if len(log) > 0 {
					t.Errorf("the log says %+v", log)
				}
			} else if len(log) != 1 || log[0].Msg != "the targets could not be read again, so the last good ones are used" || !strings.Contains(log[0].Error, step.stale) {
				t.Errorf("the log says %+v", log)
			}
		}
	})
}

// A TTL of zero reads the targets for every event.
func TestNoTTL(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: kinesis, destination: before"), func(o *lambda.Options) { o.ConfigTTL = 0 })
	a.deliver(orderEvent([]byte("one")))
	a.configure(targets(orders, "id: x, type: kinesis, destination: after"))
	a.deliver(orderEvent([]byte("two")))
	if a.arrivals("kinesis/before")["one"] != 1 || a.arrivals("kinesis/after")["two"] != 1 {
		t.Errorf("records went to %v", a.Destinations())
	}
}
