package metrics

import (
	"fmt"
	"time"
)

// faultEvery is how often faults are told.
const faultEvery = time.Minute

// faults collects errors, so that a service that is down does not fill the log.
// Not safe for concurrent use.
type faults struct {
	n    int // since they were told last
	last error
	told time.Time
}

func (f *faults) add(err error) { f.n, f.last = f.n+1, err }

// report returns an error that sums up what was added since the last report, or
// nil if there is nothing to tell or it is too early.
func (f *faults) report() error {
	if f.n == 0 || time.Since(f.told) < faultEvery {
		return nil
	}
	err := f.last
	if f.n > 1 {
		err = fmt.Errorf("%w (the last of %d such errors)", err, f.n)
	}
	*f = faults{told: time.Now()}
	return err
}
