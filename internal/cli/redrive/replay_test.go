package redrive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/run"
	"fanout/internal/poll"
	"fanout/internal/testing/clitest"
)

// With --max-per-second a replay waits before each event. An interrupt ends the wait, and the
// event is not delivered.
func TestReplayPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := replay{replayFlags: &replayFlags{deliveryFlags: deliveryFlags{DeliveryFlags: run.DeliveryFlags{Timeout: time.Second}, perSecond: 2}}}
		running, interrupt := context.WithCancel(t.Context())
		events := 0
		handle := r.paced(running, func(ctx context.Context, _ []byte) ([]byte, error) {
			events++
			if deadline, _ := ctx.Deadline(); time.Until(deadline) != time.Second {
				t.Errorf("%v for an event", time.Until(deadline))
			}
			return nil, nil
		})
		event, begin := clitest.KinesisEvent(2, 1), time.Now()
		for range 3 {
			if _, err := handle(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took != 2*time.Second || events != 3 {
			t.Errorf("%d events took %v", events, took)
		}
		interrupt()
		if _, err := handle(t.Context(), event); err == nil || events != 3 {
			t.Errorf("%d events, %v", events, err)
		}
	})
}

func TestTimeOf(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2h": "2026-11-30T10:00:00Z", "90": "2026-11-30T11:58:30Z", "2026-11-30T13:00:00+02:00": "2026-11-30T11:00:00Z",
		"-1h": "", "": "", "noon": "",
	} {
		got, err := timeOf("since", text, now)
		if (err != nil) != (want == "") || err == nil && clock(got) != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestReplayPlan(t *testing.T) {
	p := replayPlan{Source: "s", Target: "t", Type: "sqs", Destination: "q", Since: "1", Until: "2", Records: 1, Diverted: 3, Failed: 2}
	want := "3 records will go to onFailure. 2 records will fail, and the first ends the replay. Send 1 record of s, which arrived from 1 to 2, to t (sqs q), even if it has them?"
	if got := p.question(); got != want {
		t.Error(got)
	}
	var b bytes.Buffer
	p.explain(&b)
	if got := fmt.Sprint(&b); got != "no records of s from 1 to 2 would go to t\n" {
		t.Error(got)
	}
}

// A replay for a function has the failures queue of the function.
func TestFailuresQueueOfTheFunction(t *testing.T) {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:failures"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := "/2015-03-31/functions/orders/configuration"; r.URL.Path != want {
			t.Errorf("a call of %s", r.URL.Path)
		}
		fmt.Fprintf(w, `{"FunctionArn":"arn","Environment":{"Variables":{"FANOUT_TABLE":"t","FANOUT_ON_FAILURE":%q}}}`, queue)
	}))
	defer server.Close()
	f := replayFlags{deliveryFlags: deliveryFlags{DeliveryFlags: run.DeliveryFlags{Factory: new(factory.Factory), Timeout: time.Minute, InFlight: 1}, function: "orders"}, target: "x"}
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	}
	cmd := new(cobra.Command)
	cmd.SetContext(t.Context())
	if err := f.findFunction(cmd, cfg); err != nil {
		t.Fatal(err)
	}
	if f.onFailure != queue || f.Table != "t" {
		t.Errorf("the queue is %q, the table %q", f.onFailure, f.Table)
	}
	if o := (&replay{replayFlags: &f}).functionOptions(nil); o.OnFailure != queue || o.Only != "x" {
		t.Errorf("options %+v", o)
	}
}

func TestGone(t *testing.T) {
	since := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	const text = "the stream keeps records for 24 hours, so those that arrived from 2026-11-30T12:00:00Z on may be gone"
	for _, tt := range []struct {
		first    time.Time
		age, has time.Duration
		want     string
	}{
		{since.Add(time.Hour), 25 * time.Hour, day, text + "; the earliest one here arrived at 2026-11-30T13:00:00Z"},
		{time.Time{}, 25 * time.Hour, day, text},
		{since.Add(time.Minute), 25 * time.Hour, day, ""},
		{since.Add(time.Hour), 25 * time.Hour, 2 * day, ""},
	} {
		if got := gone(since, tt.first, tt.age, tt.has); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestCause(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	given := &poll.GivenUp{Record: "1", Shard: "a", Stream: "s", Tries: 5}
	for _, tt := range []struct {
		over bool // the replay was interrupted
		err  error
		want string
	}{
		{true, nil, "interrupted before all records were delivered"},
		{true, errors.New("their checkpoints are before these records"), "interrupted before all records were delivered"},
		{true, given, "the record 1 of shard a of stream s was tried 5 times in a row and not delivered"},
		{false, io.EOF, "EOF"},
	} {
		ctx := t.Context()
		if tt.over {
			ctx = ended
		}
		if got := cause(ctx, tt.err); got != tt.want {
			t.Error(got)
		}
	}
}
