package jq

import (
	"context"
	"time"
)

// The bounds of a run of a program on one record.
const (
	MaxSteps   = 500_000         // steps of the program; a step takes about 20 ns
	MaxWork    = 32 << 20        // bytes that functions and operators go through or make
	MaxTime    = 1 * time.Second // for what the other two bounds do not count
	MaxOutputs = 10_000          // results
	MaxOutput  = 16 << 20        // bytes of the results
	MaxDepth   = 1_000           // lists and objects inside one another
)

// bound is the error of a run that exceeds a bound.
type bound string

func (b bound) Error() string { return string(b) }

const (
	errSteps   bound = "the program took more than 500,000 steps on the record; it may not end"
	errWork    bound = "the program makes values of more than 32 MiB from the record"
	errTime    bound = "the program took longer than 1 s on the record"
	errOutputs bound = "the program made more than 10,000 results from the record"
	errOutput  bound = "the results of the program have more than 16 MiB"
	errDepth   bound = "the program has values with more than 1,000 levels"
	errDigits  bound = "the program computes with a number of more than 1,000 digits"
)

// meter counts the steps and the work of one run. It is the context of the run, because
// gojq calls Done before every step. A meter is not safe for concurrent use.
type meter struct {
	parent   context.Context //nolint:containedctx // the meter is a context itself
	steps    int             // left
	work     int             // left, in bytes
	stop     time.Time
	patterns int   // regular expressions that ran
	err      error // why the run ends; nil: it goes on
}

func (m *meter) start(ctx context.Context) {
	*m = meter{parent: ctx, steps: MaxSteps, work: MaxWork, stop: time.Now().Add(MaxTime)}
}

// ended is the channel of a run that ends.
var ended = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// stepsPerLook is the number of steps between two looks at the time.
const stepsPerLook = 256

// Done counts a step. The nil channel lets the run go on.
func (m *meter) Done() <-chan struct{} {
	m.steps--
	switch {
	case m.err != nil:
		return ended
	case m.steps < 0:
		m.end(errSteps)
	case m.steps%stepsPerLook == 0:
		m.look()
	}
	if m.err != nil {
		return ended
	}
	return nil
}

// look ends the run if its time is over.
func (m *meter) look() {
	if m.parent.Err() != nil {
		m.end(context.Cause(m.parent))
	} else if time.Now().After(m.stop) {
		m.end(errTime)
	}
}

// end ends the run at its next step. A program cannot catch that with try.
func (m *meter) end(err error) {
	if m.err == nil {
		m.err = err
	}
}

// exceeds ends the run, and returns why it ends.
func (m *meter) exceeds(err bound) error {
	m.end(err)
	return m.err
}

// charge counts n bytes of work, and returns an error if the run must end.
func (m *meter) charge(n int) error {
	if n < 0 || n > m.work {
		return m.exceeds(errWork)
	}
	m.work -= n
	if n >= stepsPerLook<<10 {
		m.look()
	}
	return m.err
}

// Err returns why the run ends.
func (m *meter) Err() error { return m.err }

// Deadline returns none: Done knows the time.
func (*meter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nil.
func (*meter) Value(any) any { return nil }
