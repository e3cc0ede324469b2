package poll

import (
	"testing"
	"testing/synctest"
	"time"
)

// answered feeds c an answer of a service whose clock is ahead. The request takes a
// while, and the answer is dated at its end.
func (c *Clock) answered(ahead, took time.Duration) {
	f := &fakeStream{clock: ahead}
	sent := time.Now()
	time.Sleep(took)
	c.Learn(sent, f.answered())
}

func TestClock(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name     string
		answers  func(*Clock)
		now      time.Duration // ahead of this machine's clock
		earliest time.Duration // likewise
	}{
		{"no answer", func(*Clock) {}, 0, -clocksDiffer},
		{"no Date", func(c *Clock) { c.Learn(time.Now(), (&fakeStream{dateless: true}).answered()) }, 0, -clocksDiffer},
		{"right", func(c *Clock) { c.answered(0, 100*ms) }, 0, -400*ms - hostsDiffer},
		{"less than a second", func(c *Clock) { c.answered(300*ms, 0) }, 0, -300*ms - hostsDiffer},
		{"ahead", func(c *Clock) { c.answered(20*time.Second, 0) }, 19700 * ms, 19700*ms - hostsDiffer},
		{"behind", func(c *Clock) { c.answered(-20*time.Second, 0) }, -19300 * ms, -20300*ms - hostsDiffer},
		{"slow", func(c *Clock) { c.answered(-20*time.Second, 30*time.Second) }, 0, -20300*ms - hostsDiffer},
		{"slow, then quick", func(c *Clock) {
			c.answered(-20*time.Second, 30*time.Second)
			c.answered(-20*time.Second, 500*ms)
		}, -19300 * ms, -20300*ms - hostsDiffer},
		{"set", func(c *Clock) {
			c.answered(0, 0)
			c.answered(time.Hour, 0)
		}, time.Hour - 300*ms, time.Hour - 300*ms - hostsDiffer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(300 * ms) // the bubble's time begins at a whole second
				var c Clock
				tt.answers(&c)
				if got := time.Until(c.Now()); got != tt.now {
					t.Errorf("now is %v ahead, want %v", got, tt.now)
				}
				if got := time.Until(c.earliest()); got != tt.earliest {
					t.Errorf("the earliest time is %v ahead, want %v", got, tt.earliest)
				}
			})
		})
	}
}
