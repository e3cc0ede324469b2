// Package dedup records which targets have which records of a batch that Lambda sends
// again, so that a retry sends only the missing records. [Memory] keeps this in one
// process, [Shared] in a DynamoDB table for all instances of the function.
package dedup

import (
	"context"
	"errors"
	"time"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/sinks"
)

// Batch holds the records of one source in an event, and their outcome.
type Batch struct {
	Source   string
	Kind     event.Kind
	Records  []engine.Record
	Messages []event.Message // of Records, if the source is SQS
	Targets  []sinks.Spec    // in the order of Report; set before Known
	Report   *engine.Report  // set before Learn

	// Done reports for each record that Lambda never sends it again, even if it sends others
	// again. Nil means none. It is set before Learn.
	Done []bool
}

// returns reports whether record i comes again, if any does.
func (b *Batch) returns(i int) bool { return b.Done == nil || !b.Done[i] }

// first reports whether the source sends record i for the first time. Only queues say so.
func (b *Batch) first(i int) bool { return b.Kind == event.SQS && !b.Messages[i].Again }

// unordered reports whether the source has no order by which to find records.
func (b *Batch) unordered() bool {
	return b.Kind == event.SNS || b.Kind == event.SQS && !event.IsFIFO(b.Source)
}

// Known returns how much of record i target t has, and when that was learned. A zero time
// means unknown. A nil Known knows nothing.
type Known func(t, i int) (engine.Held, time.Time)

// Store keeps this state in one place. It is safe for concurrent use.
type Store interface {
	// Begin starts to look up the state of b's records, without waiting.
	Begin(ctx context.Context, b *Batch) Attempt
}

// Attempt is one attempt to deliver a batch.
type Attempt interface {
	// Known returns the known state, and waits for it if necessary.
	Known() Known

	// Learn stores the batch's outcome if Lambda sends its event again. Otherwise, and for
	// records that are done, it forgets the batch.
	Learn(ctx context.Context, again bool) error

	// End releases the resources of Begin. It may be called at any time, and more than
	// once.
	End()
}

// Stores combines several stores, which learn in this order. The most recent knowledge
// counts. For equal times, the later store counts.
type Stores []Store

// Begin begins an attempt in every store.
func (s Stores) Begin(ctx context.Context, b *Batch) Attempt {
	all := make(attempts, len(s))
	for i := range s {
		all[i] = s[i].Begin(ctx, b)
	}
	return all
}

type attempts []Attempt

// Known combines the knowledge of all attempts. The most recent counts, because another
// instance may have sent a record since.
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

// Learn learns in every attempt.
func (a attempts) Learn(ctx context.Context, again bool) error {
	var errs []error
	for _, one := range a {
		errs = append(errs, one.Learn(ctx, again))
	}
	return errors.Join(errs...)
}

// End ends every attempt.
func (a attempts) End() {
	for _, one := range a {
		one.End()
	}
}
