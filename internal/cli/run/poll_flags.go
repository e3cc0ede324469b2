package run

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
	"fanout/internal/poll"
	"fanout/internal/poll/queue"
)

// pollFlags are the flags for reading a stream or a queue.
type pollFlags struct {
	start      string
	batchSize  int
	shards     int
	concurrent int
	once       bool
	checkpoint string
}

const (
	MaxBatchSize   = 10_000 // of Lambda's event source mappings
	maxConcurrency = 1000   // Lambda API, ScalingConfig
	OnceTries      = 5      // for a record, with --once; each is an invocation with its own attempts
)

func (p *pollFlags) add(s *pflag.FlagSet) {
	s.StringVar(&p.checkpoint, "checkpoint", "", "keep the position of each shard in this `FILE`")
	s.StringVar(&p.start, "starting-position", "", "start shards without a checkpoint at this `POSITION`: LATEST, TRIM_HORIZON or a time such as 2026-11-22T20:15:00Z (default: LATEST, with --once TRIM_HORIZON)")
	s.BoolVar(&p.once, "once", false, "stop when all records in the stream are delivered, or the queue is empty, or when a record failed five times")
	s.IntVar(&p.batchSize, "batch-size", 100, "pass at most `N` records to the function at a time; of a queue 10, if the flag is not set")
	s.IntVar(&p.shards, "shards", 10, "read at most `N` shards at a time")
	s.IntVar(&p.concurrent, "maximum-concurrency", queue.DefaultConcurrency, "deliver at most `N` batches of a queue at a time")
}

// check checks the flags, which need a source, but for the size of batches.
func (p *pollFlags) check(s *pflag.FlagSet, source string, lines bool) error {
	if s.Changed("batch-size") && source == "" && !lines {
		return errors.New("--batch-size has no effect without --source-arn or --data; remove it")
	}
	for _, name := range []string{"checkpoint", "starting-position", "once", "shards", "maximum-concurrency"} {
		if s.Changed(name) && source == "" {
			return fmt.Errorf("--%s has no effect without --source-arn; remove it", name)
		}
	}
	if isQueue(source) {
		return p.checkQueue(s, source)
	}
	if s.Changed("maximum-concurrency") {
		return errors.New("--maximum-concurrency is for queues; use --shards for a stream")
	}
	if p.batchSize < 1 || p.batchSize > MaxBatchSize {
		return fmt.Errorf("--batch-size is %d; it must be 1 to %d", p.batchSize, MaxBatchSize)
	}
	if p.shards < 1 {
		return fmt.Errorf("--shards is %d; it must be at least 1", p.shards)
	}
	if _, err := poll.ParseStart(p.start); p.start != "" && err != nil {
		return ui.NoPosition(p.start)
	}
	return nil
}

// notOfQueues says why flags have no meaning for a queue.
var notOfQueues = [][2]string{
	{"checkpoint", "it keeps the messages that were not delivered itself"},
	{"starting-position", "it gives every message that it has"},
	{"shards", "use --maximum-concurrency"},
}

// checkQueue checks the flags for a queue, whose batches have another default.
func (p *pollFlags) checkQueue(s *pflag.FlagSet, source string) error {
	for _, flag := range notOfQueues {
		if s.Changed(flag[0]) {
			return fmt.Errorf("--%s has no meaning for a queue: %s", flag[0], flag[1])
		}
	}
	most := queue.MaxBatchSize
	if queue.IsFIFO(source) {
		most = queue.MaxFIFOBatchSize
	}
	switch {
	case !s.Changed("batch-size"):
		p.batchSize = queue.DefaultBatchSize
	case p.batchSize < 1 || p.batchSize > most:
		return fmt.Errorf("--batch-size is %d; for this queue it must be 1 to %d", p.batchSize, most)
	}
	if p.concurrent < 1 || p.concurrent > maxConcurrency {
		return fmt.Errorf("--maximum-concurrency is %d; it must be 1 to %d", p.concurrent, maxConcurrency)
	}
	return nil
}

// queueOptions returns the options for a queue from checked flags.
func (p *pollFlags) queueOptions() queue.Options {
	o := queue.Options{BatchSize: p.batchSize, Concurrency: p.concurrent, Once: p.once}
	if p.once {
		o.GiveUp = OnceTries
	}
	return o
}

// options returns the poller's options from checked flags. With --once, reading starts
// at the oldest record: from the latest there would be nothing to read.
func (p *pollFlags) options() poll.Options {
	o := poll.Options{Start: poll.Latest, BatchSize: p.batchSize, Shards: p.shards, Once: p.once}
	if p.once {
		o.Start, o.GiveUp = poll.TrimHorizon, OnceTries
	}
	if start, err := poll.ParseStart(p.start); err == nil {
		o.Start = start
	}
	return o
}
