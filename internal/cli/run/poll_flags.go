package run

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
	"fanout/internal/poll"
)

// pollFlags are the flags for reading a stream.
type pollFlags struct {
	start      string
	batchSize  int
	shards     int
	once       bool
	checkpoint string
}

const (
	MaxBatchSize = 10_000 // of Lambda's event source mappings
	OnceTries    = 5      // for a record, with --once; each is an invocation with its own attempts
)

func (p *pollFlags) add(s *pflag.FlagSet) {
	s.StringVar(&p.checkpoint, "checkpoint", "", "keep the position of each shard in this `FILE`")
	s.StringVar(&p.start, "starting-position", "", "start shards without a checkpoint at this `POSITION`: LATEST, TRIM_HORIZON or a time such as 2026-11-22T20:15:00Z (default: LATEST, with --once TRIM_HORIZON)")
	s.BoolVar(&p.once, "once", false, "stop when all records in the stream are delivered, or when a record failed five times in a row")
	s.IntVar(&p.batchSize, "batch-size", 100, "pass at most `N` records to the function at a time")
	s.IntVar(&p.shards, "shards", 10, "read at most `N` shards at a time")
}

// check checks the flags, which are for streams only, but for the size of batches.
func (p *pollFlags) check(s *pflag.FlagSet, stream, lines bool) error {
	if s.Changed("batch-size") && !stream && !lines {
		return errors.New("--batch-size has no effect without --source-arn or --data; remove it")
	}
	for _, name := range []string{"checkpoint", "starting-position", "once", "shards"} {
		if s.Changed(name) && !stream {
			return fmt.Errorf("--%s has no effect without --source-arn; remove it", name)
		}
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
