package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
)

// outcome says why a reader returned.
type outcome uint8

const (
	stopped  outcome = iota // its context ended, or an error
	ended                   // the shard was delivered to its end
	caughtUp                // the shard was delivered to its tip, and the run needs no more
)

// reader reads one shard and delivers its records.
type reader struct {
	poller      *Poller
	shard       shard
	checkpoints *streamCheckpoints
	log         *Warner
	form        form

	at       position  // behind the acknowledged records
	iterator string    // "": request one at the position
	skipping bool      // the iterator may be too early: skip records before the position
	due      time.Time // of the next read
	failures int       // of reads, in a row
	idle     int       // empty reads in a row
	inside   bool      // the reader holds a slot
	toTip    bool      // return when caught up
}

func newReader(p *Poller, m *streamCheckpoints, s shard, at position) *reader {
	return &reader{
		poller:      p,
		shard:       s,
		checkpoints: m,
		log:         NewWarner(p.opts.Log.With(zap.String("stream", p.source.arn()), zap.String("shard", s.id))),
		form:        p.form(s.id),
		at:          at,
		toTip:       p.opts.Once,
	}
}

// run reads to the shard's end, or as far as the run needs. An error ends the whole
// run.
func (r *reader) run(ctx context.Context) (outcome, error) {
	if r.at.latest {
		r.begin(ctx)
	}
	for {
		if !Sleep(ctx, time.Until(r.due)) || !r.enter(ctx) {
			return stopped, nil
		}
		o, err := r.turn(ctx)
		r.leave()
		if err != nil || o != stopped {
			return o, err
		}
	}
}

// begin gets an iterator at LATEST before the reader waits for its first turn. If
// that fails, reading begins at the time of the start, because a record may arrive
// before the next try at LATEST.
func (r *reader) begin(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if it, err := r.poller.source.iterator(ctx, r.shard.id, r.at); err == nil {
		r.iterator = it
	}
	r.at.latest = false
}

// enter waits for a slot. A shard holds one while it reads or delivers, but not
// while it waits. So every shard gets its turn, even among many.
func (r *reader) enter(ctx context.Context) bool {
	r.inside = r.poller.slots.Acquire(ctx, 1) == nil
	return r.inside
}

func (r *reader) leave() {
	if r.inside {
		r.poller.slots.Release(1)
	}
	r.inside = false
}

// turn reads once and delivers the records. It returns stopped if there is more to
// do or ctx ended.
func (r *reader) turn(ctx context.Context) (outcome, error) {
	begin := time.Now()
	p, err := r.read(ctx)
	if err != nil {
		return r.handleError(ctx, err)
	}
	r.failures = 0
	r.progress(&p)
	over := r.cut(&p)
	if err := r.deliver(ctx, p.records); err != nil || ctx.Err() != nil {
		return stopped, err
	}
	r.iterator, r.due = p.next, begin.Add(minInterval)
	if r.idle++; !p.empty {
		r.idle = 0
	}
	switch {
	case over && r.toTip:
		return caughtUp, nil
	case p.next == "":
		return ended, r.mark(Checkpoint{Seq: r.at.seq, Since: r.at.since, Ended: true})
	case r.toTip && r.shard.closed && r.idle > 1 && r.atTip(&p):
		// Some emulators never end a closed shard. Its children are read then, but it
		// is not saved as ended: the next run looks again.
		return ended, nil
	case r.toTip && !r.shard.closed && r.atTip(&p):
		return caughtUp, nil
	case r.idle > 0 && p.behind <= 0:
		r.due = begin.Add(r.poller.opts.Interval)
	}
	return stopped, nil
}

// cut removes the records that arrived at Options.Until or later. It reports whether none
// that arrived earlier can follow: hosts stamp records of a shard with clocks that differ.
func (r *reader) cut(p *page) (over bool) {
	until := r.poller.opts.Until
	if until.IsZero() {
		return false
	}
	p.records = slices.DeleteFunc(p.records, func(rec record) bool {
		over = over || !rec.arrived.Before(until.Add(hostsDiffer))
		return !rec.arrived.Before(until)
	})
	return over
}

// atTip reports whether there is nothing to read now. A service that does not
// report its tip must return nothing twice, because one empty answer may come
// before a record.
func (r *reader) atTip(p *page) bool {
	return p.behind == 0 && r.idle > 0 || p.behind == unknown && r.idle > 1
}

// read returns the next records, without the ones before the position.
func (r *reader) read(ctx context.Context) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.iterator == "" {
		if err := r.find(ctx); err != nil {
			return page{}, err
		}
	}
	p, err := r.poller.source.read(ctx, r.shard.id, r.iterator)
	p.empty = len(p.records) == 0
	for r.skipping && len(p.records) > 0 {
		if r.skipping = r.at.after(p.records[0]); r.skipping {
			p.records = p.records[1:]
		}
	}
	return p, err
}

// find gets an iterator at the position. A position given by time is saved.
func (r *reader) find(ctx context.Context) error {
	it, err := r.poller.source.iterator(ctx, r.shard.id, r.at)
	if err != nil {
		if faultOf(err) == invalid && r.at.seq != "" {
			return &fatal{fmt.Errorf("shard %s of %s has no record with the sequence number of its checkpoint, most likely because it was recreated; remove it from the checkpoints: %w", r.shard.id, named(r.poller.source.arn()), reason(err))}
		}
		return err
	}
	r.skipping = r.at.seq == "" && !r.at.since.IsZero()
	r.iterator = it
	if _, known := r.checkpoints.get(r.shard.id); !known && !r.at.since.IsZero() {
		return r.mark(Checkpoint{Since: r.at.since})
	}
	return nil
}

// mark makes c the shard's checkpoint.
func (r *reader) mark(c Checkpoint) error {
	if err := r.checkpoints.set(r.shard.id, c); err != nil {
		return &fatal{err}
	}
	return nil
}

// handleError decides how to go on after a failed read.
func (r *reader) handleError(ctx context.Context, err error) (outcome, error) {
	if ctx.Err() != nil {
		return stopped, nil
	}
	if f, ok := errors.AsType[*fatal](err); ok {
		return stopped, f.error
	}
	r.failures++
	r.due = time.Now().Add(max(Backoff(r.failures), minInterval))
	switch faultOf(err) {
	case expired:
		r.iterator = ""
	case trimmed:
		r.lost("records expired before they were read; continuing at the oldest record", err)
		r.iterator, r.at = "", position{}
	case missing:
		return r.missing(ctx, err)
	case denied, credentials, key:
		return stopped, permanentError(r.poller.source, err)
	default:
		r.iterator = "" // the iterator may be the problem
		r.log.Warn("the shard could not be read; trying again", zap.Error(err), zap.Int("failures", r.failures))
	}
	return stopped, nil
}

// missing finds out whether the stream or only the shard does not exist. Shards are
// deleted when all their records are past retention.
func (r *reader) missing(ctx context.Context, cause error) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := r.poller.source.shards(ctx)
	if err != nil {
		return stopped, permanentError(r.poller.source, err)
	}
	for _, s := range list {
		if s.id == r.shard.id {
			r.iterator = ""
			r.log.Warn("the shard could not be read; trying again", zap.Error(cause), zap.Int("failures", r.failures))
			return stopped, nil
		}
	}
	r.lost("the rest of the shard expired before it was read", cause)
	return ended, r.mark(Checkpoint{Seq: r.at.seq, Since: r.at.since, Ended: true})
}

// lost reports that the stream no longer has the next records.
func (r *reader) lost(what string, err error) {
	r.note(func(s *ShardProgress) { s.Gaps++ })
	r.log.Warn(what, zap.Error(err))
}

// progress books how far behind the tip the reading is.
func (r *reader) progress(p *page) {
	lag := max(p.behind, 0)
	if n := len(p.records); n > 0 && p.behind == unknown {
		lag = age(p.records[n-1].arrived, r.poller.clock.Now())
	}
	r.note(func(s *ShardProgress) { s.Lag = lag })
}

// note changes the progress of the shard.
func (r *reader) note(change func(*ShardProgress)) { r.poller.board.note(r.shard.id, change) }
