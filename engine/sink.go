package engine

import (
	"cmp"
	"context"
	"slices"
)

// Sink delivers requests to one destination.
//
// Send makes one attempt and returns when the fate of every record is known, or
// when ctx ends. It does not retry. Every record that it does not fail must have
// been acknowledged individually: in doubt, fail the record. Send does not write
// into batch, and does not keep it after the call unless ctx ends first. A batch is
// never empty and is within Limits. Send is safe for concurrent use.
//
// Limits returns the same bounds every time.
//
// Sizer returns the function that sizes the records of one run. It returns the
// bytes of a record exactly as the service counts them. Nil counts the data alone.
// The function is safe for concurrent use. The function may cache facts about the
// run's records. The sink may not, because it outlives their memory.
type Sink interface {
	Limits() Limits
	Sizer() func(r *Record) int
	Send(ctx context.Context, batch []Record) Outcome
}

// Packer is a Sink that decides itself which records share a request, because it puts
// several records into one entry of the request. Pack returns an empty request. It may
// look something up first, until ctx ends.
type Packer interface {
	Sink
	Pack(ctx context.Context) Packing
}

// Packing is a request of a [Packer] under construction. The engine adds records in
// order, and then calls Send at most once. One goroutine uses a Packing at a time.
//
// Add adds r, which the engine does not change until Send returns. It reports false if
// r must wait for a later request. The first record always fits.
//
// Send is like Sink.Send for the added records.
type Packing interface {
	Add(r *Record) bool
	Send(ctx context.Context) Outcome
}

// SizerOf returns the Sizer of s, or one that counts the data alone.
func SizerOf(s Sink) func(r *Record) int {
	if size := s.Sizer(); size != nil {
		return size
	}
	return func(r *Record) int { return r.Data.Len() }
}

// Limits are the hard bounds of one Send. A zero field sets no bound.
type Limits struct {
	Records     int // records in a request
	Bytes       int // bytes of a request: PerBatch and the sizes of its records
	RecordBytes int // bytes of one record
	PerBatch    int // framing bytes of a request

	// Copies says that a request in flight holds a second copy of its records, so
	// that its size counts as memory.
	Copies bool

	// OnePerKey says that the service may accept a later record of a request and
	// refuse an earlier one. Ordered targets then put at most one record of a key in
	// a request. A sink without OnePerKey must fail, along with a record, all later
	// records of the same key in the request.
	OnePerKey bool

	// Pace spaces the requests of the target out; nil: no pace. Before each attempt, also
	// one that repeats a request, the engine calls it. It returns when the request may go,
	// or an error if ctx would end first. Waiting counts as no attempt, and takes no part of
	// the bound on requests in flight. The method Wait of a rate.Limiter in
	// golang.org/x/time is a Pace.
	Pace func(ctx context.Context) error

	// Whole says that the service takes a request whole or not at all, and that a request
	// with the same records replaces itself. A run that resumes an earlier one then forms
	// the failed requests again with the same records: bound them with the target's
	// BatchRecords and BatchBytes, not with cuts of a stage.
	Whole bool
}

// packer adds up one request and decides which records still fit.
type packer struct {
	limits  *Limits
	records int     // bound on records, below the limits' own; 0: none
	most    int     // bound on bytes of several records, below the limits' own; 0: none
	packing Packing // of a sink that packs requests itself; nil: none
	n       int
	bytes   int
}

// newPacker returns a packer with the bounds of the target.
func (d *delivery) newPacker() packer {
	t := d.target
	return packer{limits: &d.limits, records: t.BatchRecords, most: lower(t.learned.bound(), t.BatchBytes)}
}

// lower returns the lower one of two bounds, of which 0 is none.
func lower(a, b int) int {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

// tooLarge returns an error if a record of this size can never be sent.
func (p *packer) tooLarge(size int) error {
	l := p.limits
	if l.RecordBytes > 0 && size > l.RecordBytes {
		return Errorf(TooLarge, "the record counts as %d bytes, but the target accepts at most %d per record", size, l.RecordBytes)
	}
	if l.Bytes > 0 && l.PerBatch+size > l.Bytes {
		return Errorf(TooLarge, "the record counts as %d bytes, but the target accepts at most %d per request", size, l.Bytes-l.PerBatch)
	}
	return nil
}

// add adds r, a record of this size, to the request. It reports false if the record
// does not fit.
func (p *packer) add(r *Record, size int) bool {
	l := p.limits
	switch {
	case p.records > 0 && p.n >= p.records,
		l.Records > 0 && p.n >= l.Records,
		p.most > 0 && p.n > 0 && p.bytes+size > p.most,
		l.Bytes > 0 && l.PerBatch+p.bytes+size > l.Bytes,
		p.packing != nil && !p.packing.Add(r):
		return false
	}
	p.n++
	p.bytes += size
	return true
}

// Outcome is the fate of the records of one request. The zero Outcome means that
// all records were delivered.
type Outcome struct {
	all   error
	fails []failure
}

type failure struct {
	i   int
	err error
}

// Failed returns the Outcome of a request that delivered nothing.
func Failed(err error) Outcome { return Outcome{all: cmp.Or(err, errNoReason)} }

// Fail marks record i of the batch as not delivered.
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

// errors returns the error of each of n records, nil if it was delivered. A failure
// with an index outside the request makes the fate of the whole request uncertain.
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
