package tune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/poll"
	"fanout/internal/tune"
)

// sampleFlags are the flags for the origin of a sample.
type sampleFlags struct {
	events    []string
	sourceAs  run.SourceAs
	sourceARN string
	start     string
	records   int
	time      time.Duration
}

func (f *sampleFlags) add(s *pflag.FlagSet) {
	s.StringArrayVar(&f.events, "event", nil, "use the Lambda event in this `FILE` as a sample, - for standard input; repeatable")
	f.sourceAs.Add(s)
	s.StringVar(&f.sourceARN, "source-arn", "", "take a sample of the Kinesis or DynamoDB stream with this `ARN`")
	s.StringVar(&f.start, "starting-position", "TRIM_HORIZON", "start the sample of a stream at this `POSITION`: LATEST, TRIM_HORIZON or a time such as 2026-11-22T20:15:00Z")
	s.IntVar(&f.records, "sample-records", 10_000, "take a sample of `N` records from a stream")
	ui.DurationFlag(s, &f.time, "sample-time", 30*time.Second, "read a stream for at most this `TIME`")
}

// check checks the flags.
func (f *sampleFlags) check() error {
	switch {
	case f.events != nil && f.sourceARN != "":
		return errors.New("--event and --source-arn cannot be combined; use only one")
	case f.events == nil && f.sourceARN == "":
		return errors.New("the sample is missing; add --event FILE or --source-arn ARN")
	case f.records < 2:
		return fmt.Errorf("--sample-records is %d; it must be at least 2", f.records)
	case f.time <= 0:
		return fmt.Errorf("--sample-time is %v; it must be longer than 0", f.time)
	}
	if _, err := poll.ParseStart(f.start); err != nil {
		return ui.NoPosition(f.start)
	}
	return f.sourceAs.Check(f.events != nil, "--event; add --event FILE")
}

// take reads the sample.
func (f *sampleFlags) take(cmd *cobra.Command, cfg aws.Config, stderr *ui.Live) (*tune.Sample, error) {
	if f.sourceARN != "" {
		return f.fromStream(cmd.Context(), cfg, stderr)
	}
	return f.fromFiles(cmd.InOrStdin())
}

func (f *sampleFlags) fromFiles(stdin io.Reader) (*tune.Sample, error) {
	var events [][]byte
	for _, name := range f.events {
		e, err := run.ReadEvent(name, stdin)
		if err != nil {
			return nil, err
		}
		if err := f.sourceAs.Relabel(&e); err != nil {
			return nil, err
		}
		if _, err := e.Sources(); err != nil {
			return nil, err
		}
		events = append(events, e.Data)
	}
	s, err := tune.NewSample(events...)
	if err != nil && len(f.events) == 1 {
		return nil, fmt.Errorf("%s: %w", f.events[0], err)
	}
	return s, err
}

// fromStream reads a stream, as Lambda's mapping does, until there are enough records,
// or until a time limit. It leaves no checkpoint.
func (f *sampleFlags) fromStream(ctx context.Context, cfg aws.Config, stderr *ui.Live) (*tune.Sample, error) {
	start, err := poll.ParseStart(f.start)
	if err != nil {
		return nil, err
	}
	ctx, enough := context.WithTimeout(ctx, f.time)
	defer enough()
	c := collector{want: f.records, enough: enough}
	o := poll.Options{Start: start, BatchSize: run.MaxBatchSize, Shards: maxSampleShards, Once: start != poll.Latest}
	p, err := run.NewPoller(cfg, f.sourceARN, c.take, o)
	if err != nil {
		return nil, err
	}
	shown, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		stderr.Follow(shown, time.Second/2, func() string { return fmt.Sprintf("sampling: %d records", c.count()) })
	}()
	err = p.Run(ctx)
	stop()
	<-done
	if err != nil {
		return nil, ui.Failed(err)
	}
	if c.count() == 0 {
		return nil, ui.Failed(fmt.Errorf("the stream %s had no records within %v; start earlier with --starting-position, or wait longer with --sample-time", f.sourceARN, f.time))
	}
	return tune.NewSample(c.events...)
}

// maxSampleShards bounds the shards that are read at a time.
const maxSampleShards = 100

// collector keeps events until there are enough records.
type collector struct {
	want   int
	enough func()

	mu     sync.Mutex
	events [][]byte
	have   int
}

// take is a poll.Handler that acknowledges everything.
func (c *collector) take(_ context.Context, event []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have < c.want {
		c.events = append(c.events, bytes.Clone(event))
		c.have += bytes.Count(event, []byte(`"eventSourceARN"`))
	}
	if c.have >= c.want {
		c.enough()
	}
	return nil, nil
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.have
}
