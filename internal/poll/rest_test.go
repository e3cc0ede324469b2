package poll

import (
	"testing"
	"time"
)

// A run that ended early continues at the earliest record that some shard has left.
func TestRest(t *testing.T) {
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) record { return record{arrived: start.Add(time.Duration(minutes) * time.Minute)} }
	p := &Poller{board: newProgressBoard()}
	check := func(minutes int) {
		t.Helper()
		if got := p.Rest(start); !got.Equal(at(minutes).arrived) {
			t.Errorf("it continues at %v, want minute %d", got, minutes)
		}
	}
	check(0)
	p.board.pend("a", []record{at(5), at(6)})
	check(5)
	p.board.pend("b", []record{at(3), at(9)})
	check(3)
	third := at(3)
	p.board.ack("b", &third)
	p.board.pend("b", []record{at(9)})
	check(5)
	sixth := at(6)
	p.board.ack("a", &sixth)
	p.board.pend("a", nil)
	check(6) // a may have more, which arrived in the same moment
	p.board.end("a")
	check(9)
	p.board.note("c", func(*ShardProgress) {}) // nothing was read of it
	check(0)
	if got := p.Earliest(); !got.Equal(third.arrived) {
		t.Errorf("the earliest record arrived at %v", got)
	}
}
