package poll

import (
	"context"
	"fmt"
	"time"

	"github.com/sourcegraph/conc/panics"
	"go.uber.org/zap"
)

// GivenUp is the error of a run that gave up a record (Options.GiveUp).
type GivenUp struct {
	Record, Shard, Stream string
	Tries                 int
}

// What says what happened.
func (e *GivenUp) What() string {
	return fmt.Sprintf("the record %s of shard %s of %s was tried %d times in a row and not delivered", e.Record, e.Shard, named(e.Stream), e.Tries)
}

func (e *GivenUp) Error() string { return e.What() + "; the checkpoint stays before it" }

// deliver hands recs to the handler, batch by batch, until all are acknowledged or
// ctx ends.
func (r *reader) deliver(ctx context.Context, recs []record) error {
	r.poller.board.pend(r.shard.id, recs)
	for len(recs) > 0 && ctx.Err() == nil {
		n := fit(&r.form, recs, r.poller.opts.BatchSize)
		if err := r.deliverBatch(ctx, recs, n); err != nil {
			return err
		}
		recs = recs[n:]
	}
	return nil
}

// deliverBatch hands the first n of recs to the handler. It repeats from the first
// unacknowledged record until all are acknowledged, they are given up, or ctx ends.
func (r *reader) deliverBatch(ctx context.Context, recs []record, n int) error {
	for failures := 0; ; {
		acked, cause := r.invoke(ctx, recs[:n], failures > 0)
		if acked > 0 {
			failures = 0
			r.at = position{seq: recs[acked-1].seq}
			r.note(func(s *ShardProgress) { s.Records += int64(acked) })
			if err := r.checkpoints.set(r.shard.id, Checkpoint{Seq: r.at.seq}); err != nil {
				return err
			}
			r.poller.board.ack(r.shard.id, &recs[acked-1])
			recs, n = recs[acked:], n-acked
			r.poller.board.pend(r.shard.id, recs)
		}
		if n == 0 {
			return nil
		}
		if failures++; failures == r.poller.opts.GiveUp {
			return &GivenUp{Record: recs[0].seq, Shard: r.shard.id, Stream: r.poller.source.arn(), Tries: failures}
		}
		r.log.Warn("records were not delivered; trying again", zap.Error(cause),
			zap.String("from", recs[0].seq), zap.Int("records", n), zap.Int("failures", failures))
		r.leave()
		if !Sleep(ctx, Backoff(failures)) || !r.enter(ctx) {
			return nil
		}
	}
}

// invoke calls the handler once and returns how many records, counted from the
// first, it acknowledged. The end of ctx does not end the invocation: a started
// batch is finished.
func (r *reader) invoke(ctx context.Context, batch []record, again bool) (n int, err error) {
	r.note(func(s *ShardProgress) {
		s.Batches++
		if again {
			s.Retries++
		}
		s.InFlight = int64(len(batch))
	})
	defer r.note(func(s *ShardProgress) { s.InFlight = 0 })
	answer, err := r.poller.handle.Call(ctx, event(&r.form, batch), r.poller.opts.Timeout)
	if err != nil {
		return 0, err
	}
	return acknowledged(&r.form, answer, batch)
}

// Call invokes the handler once, for at most timeout. The end of ctx does not end the
// invocation.
func (h Handler) Call(ctx context.Context, event []byte, timeout time.Duration) (answer []byte, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	if p := panics.Try(func() { answer, err = h(ctx, event) }); p != nil {
		// The panic value may be a record.
		return nil, fmt.Errorf("the handler panicked with a value of type %T", p.Value)
	}
	return answer, err
}
