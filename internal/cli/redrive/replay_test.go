package redrive

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"fanout/internal/cli/run"
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
	p := replayPlan{Source: "s", Target: "t", Type: "sqs", Destination: "q", Since: "1", Until: "2", Records: 1, Failed: 2}
	want := "2 records will fail before they are sent. Send 1 record of s, which arrived from 1 to 2, to t (sqs q), even if it has them?"
	if got := p.question(); got != want {
		t.Error(got)
	}
	var b bytes.Buffer
	p.explain(&b)
	if got := fmt.Sprint(&b); got != "no records of s from 1 to 2 would go to t\n" {
		t.Error(got)
	}
}
