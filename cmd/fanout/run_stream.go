package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"fanout/lambda"
	"fanout/lambda/poll"
)

// pollFlags say how a stream is read.
type pollFlags struct {
	start      string
	batchSize  int
	shards     int
	once       bool
	checkpoint string
}

func (p *pollFlags) add(s *pflag.FlagSet) {
	s.StringVar(&p.start, "starting-position", "LATEST", "where shards without a checkpoint begin: LATEST, TRIM_HORIZON or a time (2026-11-22T20:15:00Z)")
	s.IntVar(&p.batchSize, "batch-size", 100, "records of a stream handed over at a time, 1 to 10000")
	s.IntVar(&p.shards, "shards", 10, "shards read at a time")
	s.BoolVar(&p.once, "once", false, "stop when everything that the stream holds was delivered")
	s.StringVar(&p.checkpoint, "checkpoint", "", "file that remembers how far each shard was delivered")
}

// runStream polls until it is interrupted, or with --once until all is delivered.
func (f *runFlags) runStream(cmd *cobra.Command, h *lambda.Handler, cfg aws.Config, log *zap.Logger, sum *summary) (err error) {
	start, err := poll.ParseStart(f.poll.start)
	if err != nil {
		return err
	}
	o := poll.Options{
		Start: start, BatchSize: f.poll.batchSize, Shards: f.poll.shards, Once: f.poll.once, Timeout: f.timeout, Log: log,
	}
	if f.poll.checkpoint != "" {
		file, err := poll.OpenFile(f.poll.checkpoint)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := file.Close(); err == nil {
				err = failed(cerr)
			}
		}()
		o.Checkpoints = file
	}
	p, err := f.newPoller(cfg, h, o)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	live := newLive(cmd.ErrOrStderr(), func() string { return status(p.Progress(), sum) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		live.run(ctx, time.Second/2)
	}()
	err = p.Run(ctx)
	stop()
	<-done
	return failed(err)
}

// newPoller returns the poller for the kind of stream that --source-arn names.
func (f *runFlags) newPoller(cfg aws.Config, h *lambda.Handler, o poll.Options) (*poll.Poller, error) {
	a, err := arn.Parse(f.sourceARN)
	if err == nil && f.aws.Region == "" && a.Region != "" {
		cfg.Region = a.Region
	}
	if err == nil && a.Service == "dynamodb" {
		return poll.NewDynamoDB(dynamodbstreams.NewFromConfig(cfg), f.sourceARN, h.Invoke, o)
	}
	return poll.NewKinesis(kinesis.NewFromConfig(cfg), f.sourceARN, h.Invoke, o)
}
