package hooks

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
)

// Settings are the settings of an event source mapping (Lambda API,
// CreateEventSourceMapping); nil: unchanged, or Lambda's default. An SNS topic has a
// filter policy; its MaximumRetryAttempts, MaximumRecordAge and OnFailure are the
// function's settings for asynchronous invocations, which all its topics share. An SQS queue
// has only BatchSize, BatchingWindow, MaximumConcurrency and Filters. A Kafka topic has no
// ParallelizationFactor; its retries and ReportBatchItemFailures need pollers (Lambda guide,
// Configuring error handling controls for Kafka event sources).
type Settings struct {
	BatchSize             *int32
	BatchingWindow        *int32     // seconds
	StartingPosition      string     // LATEST, TRIM_HORIZON or AT_TIMESTAMP; only for a new mapping
	StartingTimestamp     *time.Time // for AT_TIMESTAMP
	ParallelizationFactor *int32
	MaximumRetryAttempts  *int32
	MaximumRecordAge      *int32 // seconds
	Bisect                *bool
	OnFailure             *string  // ARN; "": nothing
	MaximumConcurrency    *int32   // invocations at a time; 0: no bound
	Filters               []string // patterns in JSON; empty, not nil: none
	Kafka                 Kafka
}

// Hook connects a source to the function: it creates the mapping, or updates it to
// these settings. It always asks for ReportBatchItemFailures.
func (h *Hooks) Hook(ctx context.Context, source string, s Settings) (cloud.Outcome, error) {
	h.Changed = nil
	if isTopic(source) {
		return h.subscribe(ctx, source, s)
	}
	old, err := h.mapping(ctx, source)
	if err != nil {
		return "", err
	}
	h.coming = source
	h.reporting = !awsname.IsKafka(source) || s.Kafka.pollers() != nil || old != nil && canReport(old)
	if old != nil {
		return h.change(ctx, old, s)
	}
	if h.DryRun {
		return cloud.Created, h.exists(ctx)
	}
	return cloud.Created, h.create(ctx, source, s)
}

func (h *Hooks) create(ctx context.Context, source string, s Settings) error {
	in := &lambda.CreateEventSourceMappingInput{
		FunctionName: &h.Function, EventSourceArn: &source, Enabled: aws.Bool(true),
		BatchSize: s.BatchSize, MaximumBatchingWindowInSeconds: s.BatchingWindow,
		StartingPosition: types.EventSourcePosition(s.StartingPosition), StartingPositionTimestamp: s.StartingTimestamp,
		ParallelizationFactor: s.ParallelizationFactor, MaximumRetryAttempts: s.MaximumRetryAttempts,
		MaximumRecordAgeInSeconds: s.MaximumRecordAge, BisectBatchOnFunctionError: s.Bisect,
		DestinationConfig: s.destination(), FilterCriteria: s.filter(),
		FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
	}
	switch {
	case cloud.IsQueue(source):
		in.StartingPosition, in.ScalingConfig = "", s.scaling()
	case in.StartingPosition == "":
		in.StartingPosition = types.EventSourcePositionLatest
	}
	if in.BisectBatchOnFunctionError == nil && !cloud.IsQueue(source) && !awsname.IsKafka(source) {
		in.BisectBatchOnFunctionError = aws.Bool(true)
	}
	if awsname.IsKafka(source) {
		s.Kafka.create(in, source)
	}
	err := h.withRights(ctx, func(ctx context.Context) error {
		_, err := h.Lambda.CreateEventSourceMapping(ctx, in)
		return err
	})
	switch {
	case err == nil:
		return nil
	case lacksRights(err):
		return fmt.Errorf("%s cannot be hooked to the function %q, whose role lacks rights; run fanout policy to see the required rights: %w", source, h.Function, err)
	case awserr.IsMissing(err): // the function, or the source
		if _, err := h.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &h.Function}); awserr.IsMissing(err) {
			return h.unknown(err, "function")
		}
	}
	return fmt.Errorf("%s cannot be hooked to the function %q: %w", source, h.Function, err)
}

// change updates the settings of a mapping that differ.
func (h *Hooks) change(ctx context.Context, old *types.EventSourceMappingConfiguration, s Settings) (cloud.Outcome, error) {
	in := &lambda.UpdateEventSourceMappingInput{UUID: old.UUID}
	in.BatchSize = differing(s.BatchSize, old.BatchSize)
	in.MaximumBatchingWindowInSeconds = differing(s.BatchingWindow, old.MaximumBatchingWindowInSeconds)
	in.ParallelizationFactor = differing(s.ParallelizationFactor, old.ParallelizationFactor)
	in.MaximumRetryAttempts = differing(s.MaximumRetryAttempts, old.MaximumRetryAttempts)
	in.MaximumRecordAgeInSeconds = differing(s.MaximumRecordAge, old.MaximumRecordAgeInSeconds)
	in.BisectBatchOnFunctionError = differing(s.Bisect, old.BisectBatchOnFunctionError)
	if s.MaximumConcurrency != nil && *s.MaximumConcurrency != cloud.Concurrency(old.ScalingConfig) {
		in.ScalingConfig = s.scaling()
	}
	if s.OnFailure != nil && *s.OnFailure != cloud.OnFailure(old.DestinationConfig) {
		in.DestinationConfig = s.destination()
	}
	if s.Filters != nil && !reflect.DeepEqual(s.filter(), withoutNil(old.FilterCriteria)) {
		in.FilterCriteria = s.filter()
	}
	s.Kafka.change(in, old)
	if !reports(old) && (in.ProvisionedPollerConfig != nil || canReport(old)) {
		in.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	}
	if reflect.DeepEqual(in, &lambda.UpdateEventSourceMappingInput{UUID: old.UUID}) {
		return cloud.Unchanged, nil
	}
	if !h.DryRun {
		if _, err := h.Lambda.UpdateEventSourceMapping(ctx, in); err != nil {
			return "", fmt.Errorf("the mapping of %s cannot be updated: %w", aws.ToString(old.EventSourceArn), err)
		}
	}
	h.Changed = changes(old, in)
	return cloud.Updated, nil
}

// differing returns want if it differs from there, otherwise nil.
func differing[T comparable](want, there *T) *T {
	if want == nil || there != nil && *there == *want {
		return nil
	}
	return want
}

func (s *Settings) destination() *types.DestinationConfig {
	if s.OnFailure == nil {
		return nil
	}
	return &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: s.OnFailure}}
}

// scaling returns the bound on invocations. An empty one removes a bound.
func (s *Settings) scaling() *types.ScalingConfig {
	switch {
	case s.MaximumConcurrency == nil:
		return nil
	case *s.MaximumConcurrency == 0:
		return new(types.ScalingConfig)
	}
	return &types.ScalingConfig{MaximumConcurrency: s.MaximumConcurrency}
}

func (s *Settings) filter() *types.FilterCriteria {
	if s.Filters == nil {
		return nil
	}
	f := &types.FilterCriteria{Filters: []types.Filter{}}
	for _, pattern := range s.Filters {
		f.Filters = append(f.Filters, types.Filter{Pattern: aws.String(pattern)})
	}
	return f
}

// withoutNil returns the filter criteria of a mapping, never nil.
func withoutNil(f *types.FilterCriteria) *types.FilterCriteria {
	if f == nil || f.Filters == nil {
		return &types.FilterCriteria{Filters: []types.Filter{}}
	}
	return f
}

// Look checks the mapping of a source before anything is written. It reports whether
// the mapping is paused, and refuses settings that Lambda would refuse in combination
// with the mapping's own. Topics have no mapping.
func (h *Hooks) Look(ctx context.Context, source string, s Settings) (paused bool, err error) {
	if isTopic(source) {
		return false, nil
	}
	m, err := h.mapping(ctx, source)
	if err != nil {
		return false, err
	}
	if awsname.IsKafka(source) {
		err = s.checkKafka(source, m)
	}
	if err != nil {
		return false, err
	}
	if err := s.checkWindow(source, m); err != nil || m == nil {
		return false, err
	}
	// A window gathers the records of a whole shard.
	if window := aws.ToInt32(m.TumblingWindowInSeconds); window > 0 && aws.ToInt32(s.ParallelizationFactor) > 1 {
		return false, fmt.Errorf("the mapping of %s has a tumbling window of %d seconds, which allows only one batch of a shard at a time; set the parallelization factor to 1, or remove the window", source, window)
	}
	state := aws.ToString(m.State)
	return state == "Disabled" || state == "Disabling", nil
}

// largestAtOnce is the largest batch of a queue that Lambda gathers without a window (Lambda
// API, CreateEventSourceMapping, BatchSize).
const largestAtOnce = 10

// checkWindow refuses a large batch of a queue without a batching window. m is the mapping, nil
// for a new one.
func (s *Settings) checkWindow(source string, m *types.EventSourceMappingConfiguration) error {
	size, window := s.BatchSize, s.BatchingWindow
	if m != nil {
		size, window = cmp.Or(size, m.BatchSize), cmp.Or(window, m.MaximumBatchingWindowInSeconds)
	}
	if !cloud.IsQueue(source) || aws.ToInt32(size) <= largestAtOnce || aws.ToInt32(window) > 0 {
		return nil
	}
	return fmt.Errorf("batches of more than %d messages of a queue need a batching window; add --batching-window 1, or set --batch-size to %[1]d or less", largestAtOnce)
}

// Unhook removes the mapping of a source, and waits until it is gone.
func (h *Hooks) Unhook(ctx context.Context, source string) error {
	if isTopic(source) {
		return h.unsubscribe(ctx, source)
	}
	m, err := h.mapping(ctx, source)
	if err != nil {
		return err
	}
	if m == nil {
		return h.noMapping(ctx, source)
	}
	h.leaving = source
	if h.DryRun {
		return nil
	}
	if _, err := h.Lambda.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: m.UUID}); err != nil && !awserr.IsMissing(err) {
		return fmt.Errorf("the mapping of %s cannot be deleted: %w", source, err)
	}
	return h.until(ctx, source, aws.ToString(m.UUID), "")
}

// Switch enables or disables the mapping of a source, and waits for the change.
func (h *Hooks) Switch(ctx context.Context, source string, on bool) (cloud.Outcome, error) {
	if isTopic(source) {
		return "", fmt.Errorf("%s is an SNS topic, whose subscription cannot be paused; use fanout deactivate for its targets, or fanout unhook", source)
	}
	m, err := h.mapping(ctx, source)
	if err != nil {
		return "", err
	}
	did, state := cloud.Disabled, "Disabled"
	if on {
		did, state = cloud.Enabled, "Enabled"
	}
	switch {
	case m == nil:
		return "", h.noMapping(ctx, source)
	case aws.ToString(m.State) == state:
		return cloud.Unchanged, nil
	}
	if _, err := h.Lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: &on}); err != nil {
		return "", fmt.Errorf("the mapping of %s cannot be updated: %w", source, err)
	}
	return did, h.until(ctx, source, aws.ToString(m.UUID), state)
}

// until waits until a mapping has a state; "" means that it is gone.
func (h *Hooks) until(ctx context.Context, source, uuid, state string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		m, err := h.Lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &uuid})
		switch {
		case state == "" && awserr.IsMissing(err):
			return nil
		case err != nil && ctx.Err() == nil:
			return fmt.Errorf("the state of the mapping of %s cannot be read: %w", source, err)
		case err == nil && aws.ToString(m.State) == state:
			return nil
		}
		if wait(ctx) != nil {
			return fmt.Errorf("the mapping of %s is still changing its state; check it again later", source)
		}
	}
}
