package redrive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/internal/cli/factory"
	"fanout/internal/cli/run"
	"fanout/internal/cli/ui"
	"fanout/internal/poll"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/internal/redrive"
	"fanout/lambda"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
)

// replay is one run of `fanout replay`.
type replay struct {
	*replayFlags
	cfg    aws.Config
	log    *zap.Logger
	stderr *ui.Live
	spec   sinks.Spec // of the target
	warned bool       // of the retention
}

// onlySource returns the source of the only target with the id.
func (f *replayFlags) onlySource(ctx context.Context, cfg aws.Config) (string, error) {
	all, err := f.everyTarget(ctx, cfg)
	if err != nil {
		return "", err
	}
	var sources []string
	for i := range all {
		if all[i].ID == f.target && !slices.Contains(sources, all[i].Spec.SourceARN) {
			sources = append(sources, all[i].Spec.SourceARN)
		}
	}
	switch len(sources) {
	case 0:
		return "", fmt.Errorf("no source has a target %q; correct the id", f.target)
	case 1:
		return sources[0], nil
	}
	return "", ui.Usage(fmt.Errorf("several sources have a target %q; add --source-arn with one of %s", f.target, strings.Join(sources, ", ")))
}

// everyTarget returns the targets of all sources.
func (f *replayFlags) everyTarget(ctx context.Context, cfg aws.Config) ([]target.Loaded, error) {
	if f.Targets != "" {
		file, err := f.Catalog.OpenFile(f.Targets)
		if err != nil {
			return nil, err
		}
		return file.All()
	}
	t := registry.Table{Client: cloud.Of(cfg).In(factory.RegionOf(f.Table)).DynamoDB(), Catalog: f.Catalog, Name: f.Table}
	entries, err := t.List(ctx, "")
	all := make([]target.Loaded, len(entries))
	for i := range entries {
		all[i] = entries[i].Loaded
	}
	return all, err
}

// handler returns a function for the target alone.
func (r *replay) handler(log *zap.Logger, around func(*sinks.Spec, engine.Sink) engine.Sink) (*lambda.Handler, error) {
	return lambda.New(r.functionOptions(around), r.cfg, log)
}

func (r *replay) functionOptions(around func(*sinks.Spec, engine.Sink) engine.Sink) lambda.Options {
	o := r.Options()
	o.Only, o.Around, o.OnFailure = r.target, around, r.onFailure
	return o
}

// open checks that the source is a stream, and the target can get records.
func (r *replay) open(ctx context.Context) error {
	h, err := r.handler(r.log, nil)
	if err != nil {
		return err
	}
	switch service, _ := target.CheckSource(r.source); service {
	case "sns":
		return fmt.Errorf("the source %s is a topic, which keeps no records; replay reads Kinesis and DynamoDB streams", r.source)
	case awsname.Kafka:
		return fmt.Errorf("the source %s is a Kafka topic; replay reads Kinesis and DynamoDB streams", r.source)
	case "sqs":
		return fmt.Errorf("the source %s is a queue, which keeps no messages that were delivered; replay reads Kinesis and DynamoDB streams", r.source)
	}
	if _, err := run.NewPoller(r.cfg, r.source, nil, r.options()); err != nil {
		return err
	}
	r.spec, err = redrive.NewDelivery(h, sinks.Spec{}).Target(ctx, r.source, r.target)
	if err == nil && !r.force && r.loops() {
		return fmt.Errorf("the target %q would bring its records back, because %s is the source or the function itself; change the destination, or add --force", r.target, r.spec.Destination)
	}
	return ui.Failed(err)
}

// loops reports whether the target's records come back to the function.
func (r *replay) loops() bool {
	self, err := arn.Parse(r.source)
	if err != nil {
		return false
	}
	self.Service, self.Resource = "lambda", "function:"+cmp.Or(r.function, "fanout")
	return policy.Function{ARN: self.String()}.Loops(&r.spec)
}

// options returns the options of the poller.
func (r *replay) options() poll.Options {
	o := poll.Options{
		Start: poll.AtTimestamp(r.from), Until: r.to, Once: true, GiveUp: run.OnceTries,
		BatchSize: r.batchSize, Shards: r.shards, Timeout: r.Timeout, Log: r.log,
	}
	if r.perSecond > 0 {
		o.BatchSize = min(o.BatchSize, r.perSecond) // the pace lets no more through at once
	}
	return o
}

// count reads the stream without sending anything.
func (r *replay) count(ctx context.Context) (*replayPlan, error) {
	h, err := r.handler(zap.NewNop(), rehearse)
	if err != nil {
		return nil, err
	}
	sum := &run.Summary{News: r.stderr}
	h.OnResults = sum.Add
	handle := func(ctx context.Context, event []byte) ([]byte, error) {
		_, err := h.Handle(ctx, event)
		return nil, err
	}
	if err := r.follow(ctx, handle, sum, false); err != nil {
		return nil, err
	}
	t := sum.Total()
	return &replayPlan{
		Source: r.source, Target: r.target, Type: r.spec.Type.String(), Destination: r.spec.Destination.String(),
		Since: clock(r.from), Until: clock(r.to),
		Records: t.Delivered, Filtered: t.Filtered, Dropped: t.Dropped, Diverted: t.Diverted, Failed: t.Failed,
	}, nil
}

// deliver reads the stream and delivers its records.
func (r *replay) deliver(ctx context.Context) (*run.Summary, error) {
	sum := new(run.Summary)
	sum.Expect(r.source, r.target)
	h, err := r.handler(zap.NewNop(), nil) // the summary says it all
	if err != nil {
		return sum, err
	}
	h.OnResults = sum.Add
	defer sum.TellLate(r.stderr)()
	err = r.follow(ctx, r.paced(ctx, h.Invoke), sum, true)
	return sum, err
}

// follow passes the records of the stream to handle, until it is interrupted.
func (r *replay) follow(ctx context.Context, handle poll.Handler, sum *run.Summary, sending bool) error {
	ctx, stop := ui.UntilInterrupted(ctx, r.stderr)
	defer stop()
	stream, err := run.NewStream(r.cfg, r.source, handle, r.options())
	if err != nil {
		return err
	}
	err = stream.Follow(ctx, r.stderr, sum)
	if !r.warned && ctx.Err() == nil {
		r.warned = true
		r.warnOfRetention(ctx, stream.Earliest())
	}
	switch since := clock(stream.Rest(r.from)); {
	case err == nil && ctx.Err() == nil:
		return nil
	case sum.Events == 0 && ctx.Err() == nil:
		return ui.Failed(err) // the command line was right
	case !sending:
		return ui.Failed(cmp.Or(err, errors.New("interrupted before all records were read; nothing was sent")))
	default:
		return ui.Failed(fmt.Errorf("%s; to continue where it ended, add --since %s, when the earliest record that was not delivered arrived", cause(ctx, err), since))
	}
}

// cause says why a replay ended early. It has no checkpoint, of which the poller speaks.
func cause(ctx context.Context, err error) string {
	if given, ok := errors.AsType[*poll.GivenUp](err); ok {
		return given.What()
	}
	if ctx.Err() != nil {
		return "interrupted before all records were delivered"
	}
	return err.Error()
}

// paced returns handle at the pace of --max-per-second. The wait does not count as time of the
// invocation.
func (r *replay) paced(running context.Context, handle poll.Handler) poll.Handler {
	if r.perSecond == 0 {
		return handle
	}
	pace := paceOf(r.perSecond)
	return func(ctx context.Context, data []byte) ([]byte, error) {
		batches, err := event.Decode(data)
		if err != nil {
			return nil, err
		}
		for i := range batches {
			if err := pace.WaitN(running, len(batches[i].Records)); err != nil {
				return nil, errors.New("interrupted")
			}
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout)
		defer cancel()
		return handle(ctx, data)
	}
}
