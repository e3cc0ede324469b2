package engine

import (
	"cmp"
	"context"
	"slices"
)

// Sink delivers requests to one destination.
//
// Send makes one attempt and returns when the fate of every record is known, or
// ctx ends; it does not retry. What it does not name as failed it has seen
// acknowledged, record by record: unsure means failed. It keeps batch no longer
// than the call, unless ctx ends before, and does not write into it. A batch is never
// empty and is within Limits. Send is safe for concurrent use.
//
// Limits returns the same bounds every time.
//
// Sizer returns the function that counts the records of one run: how many bytes a record
// is, exactly as the service counts them. Nil counts the data alone. The function is safe
// for concurrent use. It may keep what it learns of the run's records; the sink, which
// outlives their memory, may not.
type Sink interface {
	Limits() Limits
	Sizer() func(r *Record) int
	Send(ctx context.Context, batch []Record) Outcome
}

// SizerOf returns the Sizer of s, or one that counts the data alone.
func SizerOf(s Sink) func(r *Record) int {
	if size := s.Sizer(); size != nil {
		return size
	}
	return func(r *Record) int { return r.Data.Len() }
}

// Limits are the hard bounds of one Send. A field that is zero sets none.
type Limits struct {
	Records     int // records in a request
	Bytes       int // bytes of a request: PerBatch and the sizes of its records
	RecordBytes int // bytes of one record
	PerBatch    int // framing bytes of a request

	// Copies says that a request holds its records a second time while it is under
	// way, so that what it counts for is memory.
	Copies bool

	// OnePerKey says that the service may take a later record of a request and
	// refuse an earlier one. Ordered targets then put at most one record of a
	// key in a request. A sink without it fails, with a record, all that follow
	// it in the request and have its key.
	OnePerKey bool
}

// Outcome is the fate of the records of one request. The zero Outcome means that
// all were delivered.
type Outcome struct {
	all   error
	fails []failure
}

type failure struct {
	i   int
	err error
}

// Failed is the Outcome of a request of which nothing was delivered.
func Failed(err error) Outcome { return Outcome{all: cmp.Or(err, errNoReason)} }

// Fail says that record i of the batch was not delivered.
func (o *Outcome) Fail(i int, err error) {
	o.fails = append(o.fails, failure{i, cmp.Or(err, errNoReason)})
}

// Err returns why record i was not delivered, or nil if it was.
func (o *Outcome) Err(i int) error {
	if o.all != nil {
		return o.all
	}
	for _, f := range o.fails {
		if f.i == i {
			return f.err
		}
	}
	return nil
}

// errors returns why each of n records was not delivered, nil where it was. A
// failure that names no record of the request makes the whole of it uncertain.
func (o *Outcome) errors(n int) []error {
	errs := make([]error, n)
	all := o.all
	for _, f := range o.fails {
		if f.i < 0 || f.i >= n {
			all = Errorf(Retryable, "the sink failed record %d of a request of %d: %w", f.i, n, f.err)
			continue
		}
		errs[f.i] = f.err
	}
	if all != nil {
		for i := range errs {
			errs[i] = all
		}
	}
	return errs
}

// throttled reports whether the service throttled any record.
func (o *Outcome) throttled() bool {
	if o.all != nil && ClassOf(o.all) == Throttled {
		return true
	}
	return slices.ContainsFunc(o.fails, func(f failure) bool { return ClassOf(f.err) == Throttled })
}

// OK reports whether every record was delivered.
func (o *Outcome) OK() bool { return o.all == nil && len(o.fails) == 0 }
