package poll

import (
	"context"
	"fmt"

	"github.com/sourcegraph/conc/panics"
	"go.uber.org/zap"
)

// deliver hands recs to the handler, batch by batch, until all are acknowledged or
// ctx ends.
func (r *reader) deliver(ctx context.Context, recs []record) error {
	for len(recs) > 0 && ctx.Err() == nil {
		n := fit(recs, r.opts.BatchSize)
		if err := r.deliverBatch(ctx, recs[:n]); err != nil {
			return err
		}
		recs = recs[n:]
	}
	return nil
}

// deliverBatch hands batch to the handler, again from the first record that is not
// acknowledged, until all are, it is given up, or ctx ends.
func (r *reader) deliverBatch(ctx context.Context, batch []record) error {
	for failures := 0; ; {
		n, cause := r.invoke(ctx, batch, failures > 0)
		if n > 0 {
			failures = 0
			r.at = position{seq: batch[n-1].seq}
			r.board.note(r.id, func(s *ShardProgress) { s.Records += int64(n) })
			if err := r.marks.set(r.id, Checkpoint{Seq: r.at.seq}); err != nil {
				return err
			}
			batch = batch[n:]
		}
		if len(batch) == 0 {
			return nil
		}
		if failures++; failures == r.opts.GiveUp {
			return fmt.Errorf("the record %s of shard %s of stream %s was tried %d times in a row and not delivered; the checkpoint stays before it",
				batch[0].seq, r.id, r.source.arn(), failures)
		}
		r.warn("records were not delivered; trying again", zap.Error(cause),
			zap.String("from", batch[0].seq), zap.Int("records", len(batch)), zap.Int("failures", failures))
		r.leave()
		if !sleep(ctx, backoff(failures)) || !r.enter(ctx) {
			return nil
		}
	}
}

// invoke calls the handler once and returns how many records, from the first, it
// acknowledged. The end of ctx does not end the invocation: a batch under way is
// finished.
func (r *reader) invoke(ctx context.Context, batch []record, again bool) (n int, err error) {
	r.board.note(r.id, func(s *ShardProgress) {
		s.Batches++
		if again {
			s.Retries++
		}
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Timeout)
	defer cancel()
	var answer []byte
	if p := panics.Try(func() { answer, err = r.handle(ctx, event(batch)) }); p != nil {
		// What it panicked with may be a record.
		return 0, fmt.Errorf("the handler panicked with a value of type %T", p.Value)
	}
	if err != nil {
		return 0, err
	}
	return acknowledged(answer, batch)
}
