package manage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/hooks"
)

// MappingFlags are the settings of an event source mapping, or of an SNS topic's
// subscription.
type MappingFlags struct {
	BatchSize, Window, Factor, Retries, Age int32
	start, OnFailure                        string
	Bisect                                  bool
	concurrency                             int32
	filters                                 []string
	Kafka                                   kafkaFlags
}

func (f *MappingFlags) Add(cmd *cobra.Command) {
	s := cmd.Flags()
	s.Int32Var(&f.BatchSize, "batch-size", 100, "pass at most `N` records to the function at a time; of a queue 10, if the flag is not set")
	ui.SecondsFlag(s, &f.Window, "batching-window", 0, "wait for a full batch for at most this `TIME`, such as 5 or 1m")
	s.StringVar(&f.start, "starting-position", "LATEST", "start a new mapping at this `POSITION`: LATEST, TRIM_HORIZON, or AT_TIMESTAMP=2026-11-22T20:15:00Z (Kinesis and Kafka)")
	s.Int32Var(&f.Factor, "parallelization-factor", 1, "process `N` batches of a shard at a time, split by key")
	s.Int32Var(&f.Retries, "maximum-retry-attempts", -1, "give up a batch after `N` retries; -1 for never; for a topic 0 to 2")
	ui.SecondsFlag(s, &f.Age, "maximum-record-age", -1, "give up records after this `TIME`, such as 3600 or 1h; -1 for never; for a topic 1m to 6h")
	s.BoolVar(&f.Bisect, "bisect", true, "split a failed batch in half")
	s.Int32Var(&f.concurrency, "maximum-concurrency", 0, "process at most `N` batches of a queue at a time, 2 to 1000; 0 for no bound")
	s.StringVar(&f.OnFailure, "on-failure", "", "the queue, topic or bucket with this `ARN` gets a description of each batch that Lambda gives up; for a topic also a function or event bus; '' for none")
	s.StringArrayVar(&f.filters, "filter", nil, "pass only records that match this `PATTERN`: JSON, or @FILE for a file with it; repeatable; '' for all (default: all)")
	f.Kafka.add(s)
	_ = cmd.RegisterFlagCompletionFunc("starting-position", cobra.FixedCompletions(mappingPositions, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

// bound is Lambda's range for a setting.
type bound struct {
	flag          string
	least, most   int32
	value         func(*MappingFlags) int32
	alsoUnlimited bool // -1
}

// streamBounds are the ranges for mappings (Lambda API, CreateEventSourceMapping).
var streamBounds = []bound{
	{"batch-size", 1, 10_000, func(f *MappingFlags) int32 { return f.BatchSize }, false},
	{"batching-window", 0, 300, func(f *MappingFlags) int32 { return f.Window }, false},
	{"parallelization-factor", 1, 10, func(f *MappingFlags) int32 { return f.Factor }, false},
	{"maximum-retry-attempts", 0, 10_000, func(f *MappingFlags) int32 { return f.Retries }, true},
	{"maximum-record-age", 60, 604_800, func(f *MappingFlags) int32 { return f.Age }, true},
}

// topicBounds are the ranges for asynchronous invocations (Lambda API,
// PutFunctionEventInvokeConfig).
var topicBounds = []bound{
	{"maximum-retry-attempts", 0, hooks.DefaultRetries, func(f *MappingFlags) int32 { return f.Retries }, false},
	{"maximum-record-age", 60, hooks.DefaultMessageAge, func(f *MappingFlags) int32 { return f.Age }, false},
}

// queueBounds are the ranges for mappings of queues (Lambda API, CreateEventSourceMapping), and
// fifoBounds those of FIFO queues.
var queueBounds = []bound{
	{"batch-size", 1, 10_000, func(f *MappingFlags) int32 { return f.BatchSize }, false},
	{"batching-window", 0, 300, func(f *MappingFlags) int32 { return f.Window }, false},
	{"maximum-concurrency", 2, 1000, func(f *MappingFlags) int32 { return f.concurrency }, false},
}

var fifoBounds = []bound{
	{"batch-size", 1, 10, func(f *MappingFlags) int32 { return f.BatchSize }, false},
	{"maximum-concurrency", 2, 1000, func(f *MappingFlags) int32 { return f.concurrency }, false},
}

// streamFlags are flags without a meaning for topics.
var streamFlags = []string{"batch-size", "batching-window", "starting-position", "parallelization-factor", "bisect", "maximum-concurrency"}

// notOfQueues are flags without a meaning for queues, with the reason.
var notOfQueues = [][2]string{
	{"starting-position", "Lambda reads every message that a queue has"},
	{"parallelization-factor", "a queue has no shards; --maximum-concurrency bounds its batches"},
	{"bisect", "messages that failed come again alone"},
	{"maximum-retry-attempts", "the queue's redrive policy says how often a message is tried"},
	{"maximum-record-age", "the queue's retention period says how long it keeps a message"},
	{"on-failure", "the queue's redrive policy moves messages that fail to its dead-letter queue"},
}

// check checks the value of a flag that is set.
func (b *bound) check(m *Command, f *MappingFlags, of string) error {
	v := b.value(f)
	if !m.IsSet(b.flag) || v >= b.least && v <= b.most || v == -1 && b.alsoUnlimited {
		return nil
	}
	unlimited := ""
	if b.alsoUnlimited {
		unlimited = ", or -1"
	}
	return fmt.Errorf("--%s is %d; %sit must be %d to %d%s", b.flag, v, of, b.least, b.most, unlimited)
}

// Settings returns the settings on the command line, or the faults in them. Lambda and
// SNS would refuse the same faults, but only after the role has its new rights.
func (f *MappingFlags) Settings(m *Command, source sourceForm) (s hooks.Settings, err error) {
	if err := f.checkSource(m, source); err != nil {
		return s, err
	}
	given := func(flag string, p *int32) *int32 {
		if m.IsSet(flag) {
			return p
		}
		return nil
	}
	s.BatchSize, s.BatchingWindow = given("batch-size", &f.BatchSize), given("batching-window", &f.Window)
	s.ParallelizationFactor = given("parallelization-factor", &f.Factor)
	s.MaximumRetryAttempts, s.MaximumRecordAge = given("maximum-retry-attempts", &f.Retries), given("maximum-record-age", &f.Age)
	s.MaximumConcurrency = given("maximum-concurrency", &f.concurrency)
	if m.IsSet("bisect") {
		s.Bisect = &f.Bisect
	}
	if s.Kafka, err = f.Kafka.settings(m); err != nil {
		return s, err
	}
	if m.IsSet("on-failure") {
		if err := f.checkFailure(m, source); err != nil {
			return s, err
		}
		s.OnFailure = &f.OnFailure
	}
	if m.IsSet("filter") {
		if s.Filters, err = f.patterns(source); err != nil {
			return s, err
		}
	}
	if source.Service == "sqs" {
		return s, nil
	}
	return s, f.position(&s, source)
}

// patterns returns the patterns of --filter.
func (f *MappingFlags) patterns(source sourceForm) ([]string, error) {
	if len(f.filters) > hooks.MaxFilters {
		return nil, fmt.Errorf("--filter appears %d times; a mapping can have at most %d filters", len(f.filters), hooks.MaxFilters)
	}
	patterns := []string{}
	for _, given := range f.filters {
		pattern, err := ui.TextOf(given)
		if err != nil {
			return nil, fmt.Errorf("--filter: %w", err)
		}
		if pattern == "" {
			continue
		}
		if err := hooks.CheckFilter(pattern, source.Service); err != nil {
			return nil, err
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

// sourceForm is the source on the command line: its service, "" if unknown, and its ARN
// or name.
type sourceForm struct{ Service, name string }

// SourceForm returns the source on the command line.
func (m *Command) SourceForm() sourceForm {
	if m.SourceARN == "" {
		return sourceForm{m.sourceType, m.source}
	}
	return FormOf(m.SourceARN)
}

func FormOf(source string) sourceForm {
	if awsname.IsKafka(source) {
		return sourceForm{awsname.Kafka, source}
	}
	a, _ := arn.Parse(source) // checked before
	return sourceForm{a.Service, source}
}

// checkSource finds flags and values that the source does not take, and a source that
// cannot be hooked.
func (f *MappingFlags) checkSource(m *Command, source sourceForm) error {
	bounds, of := streamBounds, ""
	if err := f.Kafka.check(m, source); err != nil {
		return err
	}
	if source.Service == awsname.Kafka {
		bounds, of = kafkaBounds, "for a Kafka topic "
	}
	if source.Service == "sns" {
		bounds, of = topicBounds, "for an SNS topic "
		// SNS developer guide, Message delivery for FIFO topics.
		if strings.HasSuffix(source.name, ".fifo") {
			return fmt.Errorf("the topic %q is a FIFO topic, which delivers only to SQS queues and cannot invoke a function; publish to a standard topic, or to a Kinesis stream, which keeps the order", source.name)
		}
		for _, name := range streamFlags {
			if m.IsSet(name) {
				return fmt.Errorf("--%s has no effect on SNS topics; remove it", name)
			}
		}
		if len(f.filters) > 1 {
			return errors.New("--filter appears more than once, but a subscription can have only one filter policy; combine them")
		}
	}
	if source.Service == "sqs" {
		return f.checkQueue(m, source)
	}
	if source.Service != "" && source.Service != "sns" && m.IsSet("maximum-concurrency") {
		return errors.New("--maximum-concurrency is for SQS queues; for a stream use --parallelization-factor")
	}
	return f.checkBounds(m, bounds, of)
}

func (f *MappingFlags) checkBounds(m *Command, bounds []bound, of string) error {
	for i := range bounds {
		if err := bounds[i].check(m, f, of); err != nil {
			return err
		}
	}
	return nil
}

// checkQueue finds flags and values that a queue does not take.
func (f *MappingFlags) checkQueue(m *Command, source sourceForm) error {
	for _, flag := range notOfQueues {
		if m.IsSet(flag[0]) {
			return fmt.Errorf("--%s has no effect on SQS queues: %s; remove it", flag[0], flag[1])
		}
	}
	bounds, of := queueBounds, "for an SQS queue "
	if strings.HasSuffix(source.name, ".fifo") {
		bounds, of = fifoBounds, "for a FIFO queue "
		if f.Window > 0 && m.IsSet("batching-window") {
			return errors.New("--batching-window has no effect on FIFO queues; remove it")
		}
	}
	if f.concurrency == 0 { // no bound
		bounds = bounds[:len(bounds)-1]
	}
	return f.checkBounds(m, bounds, of)
}

// checkFailure checks --on-failure (Lambda API, OnFailure; Lambda guide, Capturing
// records of asynchronous invocations).
func (f *MappingFlags) checkFailure(m *Command, source sourceForm) error {
	if f.OnFailure == "" {
		return nil
	}
	form := streamFailureForm
	if source.Service == "sns" {
		form = topicFailureForm
	}
	if err := form.check("on-failure", f.OnFailure); err != nil {
		return err
	}
	a, _ := arn.Parse(f.OnFailure) // checked before
	name, _, _ := strings.Cut(strings.TrimPrefix(a.Resource, "function:"), ":")
	switch {
	case a.Service != "s3" && (!awsname.IsRegion(a.Region) || !accounts.MatchString(a.AccountID)):
		return fmt.Errorf("--on-failure is %q, which lacks a region or an account; use the whole ARN, such as %s", f.OnFailure, form.example)
	case strings.HasSuffix(f.OnFailure, ".fifo"):
		return fmt.Errorf("--on-failure is %q, which is FIFO; Lambda sends only to standard queues and topics", f.OnFailure)
	case f.OnFailure == source.name:
		return errors.New("--on-failure is the source itself, so failed messages would come back forever; name another topic, or a queue")
	case a.Service == "lambda" && name == m.FunctionName():
		return errors.New("--on-failure is the function itself, so failed messages would come back forever; name another function, or a queue")
	}
	return nil
}

// mappingPositions are the starting positions of a mapping; a time follows the last.
var mappingPositions = []string{"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP="}

// clockError is how far the clocks of AWS may be ahead.
const clockError = 5 * time.Minute

// position reads --starting-position.
func (f *MappingFlags) position(s *hooks.Settings, source sourceForm) error {
	where, at, timed := strings.Cut(f.start, "=")
	s.StartingPosition = where
	switch {
	case !timed && (where == "LATEST" || where == "TRIM_HORIZON"):
		return nil
	case timed && where == "AT_TIMESTAMP":
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return fmt.Errorf("--starting-position is %q; write the time as in AT_TIMESTAMP=2026-11-22T20:15:00Z", f.start)
		}
		switch {
		case source.Service == "dynamodb": // Lambda API, CreateEventSourceMapping
			return errors.New("--starting-position is AT_TIMESTAMP, which works only for Kinesis streams and Kafka topics; for a DynamoDB stream use LATEST or TRIM_HORIZON")
		case time.Until(t) > clockError:
			return fmt.Errorf("--starting-position is %s, which is in the future; to start now, use LATEST", f.start)
		}
		s.StartingTimestamp = &t
		return nil
	}
	return fmt.Errorf("--starting-position is %q; it must be LATEST, TRIM_HORIZON or AT_TIMESTAMP=2026-11-22T20:15:00Z%s", f.start, ui.DidYouMean("", where, append(slices.Clone(ui.Positions), "AT_TIMESTAMP")))
}
