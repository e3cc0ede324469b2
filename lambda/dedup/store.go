// Package dedup knows which targets have which records of a batch that Lambda sends
// again, so that a retry sends only what is missing. [Memory] knows it in one process,
// [Shared] in a DynamoDB table for all instances of the function.
package dedup

import (
	"context"
	"errors"
	"time"

	"github.com/sourcegraph/conc/pool"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// Batch is the records of one source in an event, and what became of them.
type Batch struct {
	Source  string
	Kind    event.Kind
	Records []engine.Record
	Targets []target.Spec  // in the order of Report; set before Known
	Report  *engine.Report // set before Learn
}

// Known says how much target t has of record i, and when that was learned. The zero time
// means that nothing is known. The nil Known knows nothing.
type Known func(t, i int) (engine.Held, time.Time)

// Store is one place where this is kept. It is safe for concurrent use.
type Store interface {
	// Begin begins to look up what is known of b's records, which costs no time yet.
	Begin(ctx context.Context, b *Batch) Attempt
}

// Attempt is one attempt to deliver a batch.
type Attempt interface {
	// Known returns what is known, and waits for it if it must.
	Known() Known

	// Learn keeps what became of the batch if Lambda sends its event again, and forgets
	// the batch if it does not.
	Learn(ctx context.Context, again bool) error

	// End frees what Begin took. It may be called at any time, and more than once.
	End()
}

// Stores are several stores in one, which learn in this order. What was learned last
// holds; where two learned at the same time, that of the later store.
type Stores []Store

// Begin begins in all of s.
func (s Stores) Begin(ctx context.Context, b *Batch) Attempt {
	all := make(attempts, len(s))
	for i := range s {
		all[i] = s[i].Begin(ctx, b)
	}
	return all
}

type attempts []Attempt

// Known joins what all know: another instance may have sent a record again since this one
// did, so what was learned last holds.
func (a attempts) Known() Known {
	var all []Known
	for _, one := range a {
		if known := one.Known(); known != nil {
			all = append(all, known)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return func(t, i int) (held engine.Held, at time.Time) {
		for _, known := range all {
			if h, since := known(t, i); !since.IsZero() && !since.Before(at) {
				held, at = h, since
			}
		}
		return held, at
	}
}

// Learn learns in all.
func (a attempts) Learn(ctx context.Context, again bool) error {
	var errs []error
	for _, one := range a {
		errs = append(errs, one.Learn(ctx, again))
	}
	return errors.Join(errs...)
}

// End ends all.
func (a attempts) End() {
	for _, one := range a {
		one.End()
	}
}

// Held is k as [engine.Plan.Resume] takes it.
func (k Known) Held() func(t, i int) engine.Held {
	if k == nil {
		return nil
	}
	return func(t, i int) engine.Held {
		held, _ := k(t, i)
		return held
	}
}

// Learn learns from all attempts at the batches of an event.
func Learn(ctx context.Context, all []Attempt, again bool) error {
	if len(all) == 1 { // nearly every event
		return all[0].Learn(ctx, again)
	}
	p := pool.New().WithErrors()
	for _, a := range all {
		p.Go(func() error { return a.Learn(ctx, again) })
	}
	return p.Wait()
}
