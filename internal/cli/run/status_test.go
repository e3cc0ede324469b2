package run

import (
	"testing"
	"time"

	"fanout/internal/poll"
)

func TestStatus(t *testing.T) {
	got := status(poll.ShardProgress{Records: 12, Pending: 1500, InFlight: 100, Lag: 20240 * time.Millisecond}, []row{{ID: "a", Delivered: 12}, {ID: "b", Delivered: 9, Failed: 3}})
	if want := "lag 20.2s · 1500 pending, 100 in flight · 12 done · a 12 delivered · b 9 delivered, 3 failed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := lineStatus(1200, []row{{ID: "a", Delivered: 1200}}), "1200 done · a 1200 delivered"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
