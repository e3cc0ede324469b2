package poll

import (
	"context"
	"fmt"
	"time"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/panics"
	"go.uber.org/zap"
)

const (
	// relist is how often the shards are listed. They are also listed when one ends.
	relist = 30 * time.Second

	// relistSoonest keeps shards that end together from causing one listing each.
	relistSoonest = time.Second

	// firstTries is how often the first listing may fail with an error that may heal.
	// If a stream was never reached, a wrong setting is more likely than an outage.
	firstTries = 5
)

// Run reads and delivers until ctx ends, or, with Options.Once, until all records
// from before the run are delivered. It then finishes the batches in progress and
// returns nil. Run returns an error if the stream cannot be read or checkpoints
// cannot be saved, and no retry can help. It also returns an error if records were
// given up (Options.GiveUp). Only one Run at a time is allowed.
func (p *Poller) Run(ctx context.Context) error {
	m, err := loadStreamCheckpoints(p.opts.Checkpoints, p.source.arn())
	if err != nil {
		return err
	}
	r := &run{
		poller:      p,
		checkpoints: m,
		tree:        newShardTree(m, p.opts.Start),
		results:     make(chan result),
	}
	list, err := r.firstListing(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if err := r.tree.begin(list, p.clock.earliest()); err != nil {
		return err
	}
	r.reportUnread(list)
	m.prune(list)

	reading, stop := context.WithCancel(ctx)
	defer stop()
	err = r.supervise(reading)
	stop()
	for ; r.running > 0; r.running-- {
		if res := <-r.results; err == nil {
			err = res.err
		}
	}
	r.readers.Wait()
	return err
}

// run is one run of a poller.
type run struct {
	poller      *Poller
	checkpoints *streamCheckpoints
	tree        *shardTree
	readers     conc.WaitGroup
	results     chan result
	running     int // readers that have not returned a result
	failures    int // of listings, in a row
}

// result is the result of a reader.
type result struct {
	shard   string
	outcome outcome
	err     error
}

// supervise starts a reader for every shard that is ready, until ctx ends, a reader
// returns an error, or everything required is read.
func (r *run) supervise(ctx context.Context) error {
	listed := time.Now()
	listing := time.NewTimer(relist)
	defer listing.Stop()
	for {
		for _, s := range r.tree.ready() {
			r.start(ctx, s)
		}
		if r.poller.opts.Once && r.running == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case res := <-r.results:
			r.running--
			if res.err != nil {
				return res.err
			}
			r.poller.board.end(res.shard)
			if res.outcome == ended {
				r.tree.end(res.shard)
				listing.Reset(time.Until(listed.Add(relistSoonest)))
			}
		case <-listing.C:
			// Once does not need shards that appear during a run.
			if !r.poller.opts.Once {
				next, err := r.list(ctx)
				if err != nil {
					return err
				}
				listed = time.Now()
				listing.Reset(next)
			}
		}
	}
}

// start starts the reader of s.
func (r *run) start(ctx context.Context, s shard) {
	rd := newReader(r.poller, r.checkpoints, s, r.tree.origin(s))
	r.poller.board.note(s.id, func(*ShardProgress) {})
	r.running++
	r.readers.Go(func() {
		res := result{shard: s.id}
		if p := panics.Try(func() { res.outcome, res.err = rd.run(ctx) }); p != nil {
			res.err = fmt.Errorf("reading shard %s of %s panicked: %w", s.id, named(r.poller.source.arn()), p.AsError())
		}
		r.results <- res
	})
}

// list lists the shards again and returns the time until the next listing. Its
// error ends the run.
func (r *run) list(ctx context.Context) (next time.Duration, err error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := r.poller.source.shards(call)
	if err != nil {
		if err := permanentError(r.poller.source, err); err != nil || ctx.Err() != nil {
			return 0, err
		}
		r.failures++
		r.poller.opts.Log.Warn("the shards could not be listed; trying again",
			zap.String("stream", r.poller.source.arn()), zap.Error(err), zap.Int("failures", r.failures))
		return max(Backoff(r.failures), relistSoonest), nil
	}
	r.failures = 0
	r.tree.update(list)
	r.checkpoints.prune(list)
	return relist, nil
}

// firstListing lists the shards. It returns neither shards nor an error if ctx
// ends.
func (r *run) firstListing(ctx context.Context) ([]shard, error) {
	for tries := 1; ; tries++ {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		list, err := r.poller.source.shards(call)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil, nil
		case err == nil:
			return list, nil
		}
		if err := permanentError(r.poller.source, err); err != nil {
			return nil, err
		}
		if tries >= firstTries && faultOf(err) != busy {
			return nil, fmt.Errorf("the shards of %s could not be listed; check the network, the endpoint and the credentials: %w", named(r.poller.source.arn()), reason(err))
		}
		r.poller.opts.Log.Warn("the shards could not be listed; trying again",
			zap.String("stream", r.poller.source.arn()), zap.Error(err), zap.Int("failures", tries))
		Sleep(ctx, Backoff(tries))
	}
}

// reportUnread reports shards that were deleted, past retention, before they were
// read to their end.
func (r *run) reportUnread(list []shard) {
	for _, id := range r.checkpoints.unread(list) {
		r.poller.board.note(id, func(s *ShardProgress) { s.Gaps++ })
		r.poller.board.end(id)
		r.poller.opts.Log.Warn("the rest of the shard expired before it was read",
			zap.String("stream", r.poller.source.arn()), zap.String("shard", id))
	}
}
