package metrics

import (
	"fmt"
	"time"
)

// faultEvery is the minimum time between reports of faults.
const faultEvery = time.Minute

// faults collects errors, so that a broken service does not fill the log. It is not safe
// for concurrent use.
type faults struct {
	n        int // since the last report
	last     error
	reported time.Time
}

func (f *faults) add(err error) { f.n, f.last = f.n+1, err }

// report returns an error that summarizes the faults since the last report. It returns nil
// if there are none or it is too early.
func (f *faults) report() error {
	if f.n == 0 || time.Since(f.reported) < faultEvery {
		return nil
	}
	err := f.last
	if f.n > 1 {
		err = fmt.Errorf("%w (the last of %d such errors)", err, f.n)
	}
	*f = faults{reported: time.Now()}
	return err
}
