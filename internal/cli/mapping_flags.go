package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"

	"fanout/internal/awsname"
	"fanout/internal/provision/hooks"
)

// mappingFlags are the settings of an event source mapping, or of an SNS topic's
// subscription.
type mappingFlags struct {
	batchSize, window, factor, retries, age int32
	start, onFailure                        string
	bisect                                  bool
	filters                                 []string
}

func (f *mappingFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	s.Int32Var(&f.batchSize, "batch-size", 100, "pass at most `N` records to the function at a time")
	secondsFlag(s, &f.window, "batching-window", 0, "wait for a full batch for at most this `TIME`, such as 5 or 1m")
	s.StringVar(&f.start, "starting-position", "LATEST", "start a new mapping at this `POSITION`: LATEST, TRIM_HORIZON, or AT_TIMESTAMP=2026-11-22T20:15:00Z (Kinesis)")
	s.Int32Var(&f.factor, "parallelization-factor", 1, "process `N` batches of a shard at a time, split by key")
	s.Int32Var(&f.retries, "maximum-retry-attempts", -1, "give up a batch after `N` retries; -1 for never; for a topic 0 to 2")
	secondsFlag(s, &f.age, "maximum-record-age", -1, "give up records after this `TIME`, such as 3600 or 1h; -1 for never; for a topic 1m to 6h")
	s.BoolVar(&f.bisect, "bisect", true, "split a failed batch in half")
	s.StringVar(&f.onFailure, "on-failure", "", "the queue, topic or bucket with this `ARN` gets a description of each batch that Lambda gives up; for a topic also a function or event bus; '' for none")
	s.StringArrayVar(&f.filters, "filter", nil, "pass only records that match this `PATTERN` in JSON; repeatable; '' for all (default: all)")
	_ = cmd.RegisterFlagCompletionFunc("starting-position", cobra.FixedCompletions(mappingPositions, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

// bound is Lambda's range for a setting.
type bound struct {
	flag          string
	least, most   int32
	value         func(*mappingFlags) int32
	alsoUnlimited bool // -1
}

// streamBounds are the ranges for mappings (Lambda API, CreateEventSourceMapping).
var streamBounds = []bound{
	{"batch-size", 1, 10_000, func(f *mappingFlags) int32 { return f.batchSize }, false},
	{"batching-window", 0, 300, func(f *mappingFlags) int32 { return f.window }, false},
	{"parallelization-factor", 1, 10, func(f *mappingFlags) int32 { return f.factor }, false},
	{"maximum-retry-attempts", 0, 10_000, func(f *mappingFlags) int32 { return f.retries }, true},
	{"maximum-record-age", 60, 604_800, func(f *mappingFlags) int32 { return f.age }, true},
}

// topicBounds are the ranges for asynchronous invocations (Lambda API,
// PutFunctionEventInvokeConfig).
var topicBounds = []bound{
	{"maximum-retry-attempts", 0, hooks.DefaultRetries, func(f *mappingFlags) int32 { return f.retries }, false},
	{"maximum-record-age", 60, hooks.DefaultMessageAge, func(f *mappingFlags) int32 { return f.age }, false},
}

// streamFlags are flags without a meaning for topics.
var streamFlags = []string{"batch-size", "batching-window", "starting-position", "parallelization-factor", "bisect"}

// check checks the value of a flag that is set.
func (b *bound) check(m *manage, f *mappingFlags, of string) error {
	v := b.value(f)
	if !m.isSet(b.flag) || v >= b.least && v <= b.most || v == -1 && b.alsoUnlimited {
		return nil
	}
	unlimited := ""
	if b.alsoUnlimited {
		unlimited = ", or -1"
	}
	return fmt.Errorf("--%s is %d; %sit must be %d to %d%s", b.flag, v, of, b.least, b.most, unlimited)
}

// settings returns the settings on the command line, or the faults in them. Lambda and
// SNS would refuse the same faults, but only after the role has its new rights.
func (f *mappingFlags) settings(m *manage, source sourceForm) (s hooks.Settings, err error) {
	if err := f.checkSource(m, source); err != nil {
		return s, err
	}
	given := func(flag string, p *int32) *int32 {
		if m.isSet(flag) {
			return p
		}
		return nil
	}
	s.BatchSize, s.BatchingWindow = given("batch-size", &f.batchSize), given("batching-window", &f.window)
	s.ParallelizationFactor = given("parallelization-factor", &f.factor)
	s.MaximumRetryAttempts, s.MaximumRecordAge = given("maximum-retry-attempts", &f.retries), given("maximum-record-age", &f.age)
	if m.isSet("bisect") {
		s.Bisect = &f.bisect
	}
	if m.isSet("on-failure") {
		if err := f.checkFailure(m, source); err != nil {
			return s, err
		}
		s.OnFailure = &f.onFailure
	}
	if m.isSet("filter") {
		s.Filters = []string{}
		for _, pattern := range f.filters {
			if pattern == "" {
				continue
			}
			if err := hooks.CheckFilter(pattern); err != nil {
				return s, err
			}
			s.Filters = append(s.Filters, pattern)
		}
		if len(s.Filters) > hooks.MaxFilters {
			return s, fmt.Errorf("--filter appears %d times; a mapping can have at most %d filters", len(s.Filters), hooks.MaxFilters)
		}
	}
	return s, f.position(&s, source)
}

// sourceForm is the source on the command line: its service, "" if unknown, and its ARN
// or name.
type sourceForm struct{ service, name string }

// sourceForm returns the source on the command line.
func (m *manage) sourceForm() sourceForm {
	if m.sourceARN == "" {
		return sourceForm{m.sourceType, m.source}
	}
	return formOf(m.sourceARN)
}

func formOf(source string) sourceForm {
	a, _ := arn.Parse(source) // checked before
	return sourceForm{a.Service, source}
}

// checkSource finds flags and values that the source does not take, and a source that
// cannot be hooked.
func (f *mappingFlags) checkSource(m *manage, source sourceForm) error {
	bounds, of := streamBounds, ""
	if source.service == "sns" {
		bounds, of = topicBounds, "for an SNS topic "
		// SNS developer guide, Message delivery for FIFO topics.
		if strings.HasSuffix(source.name, ".fifo") {
			return fmt.Errorf("the topic %q is a FIFO topic, which delivers only to SQS queues and cannot invoke a function; publish to a standard topic, or to a Kinesis stream, which keeps the order", source.name)
		}
		for _, name := range streamFlags {
			if m.isSet(name) {
				return fmt.Errorf("--%s has no effect on SNS topics; remove it", name)
			}
		}
		if len(f.filters) > 1 {
			return errors.New("--filter appears more than once, but a subscription can have only one filter policy; combine them")
		}
	}
	for i := range bounds {
		if err := bounds[i].check(m, f, of); err != nil {
			return err
		}
	}
	return nil
}

// checkFailure checks --on-failure (Lambda API, OnFailure; Lambda guide, Capturing
// records of asynchronous invocations).
func (f *mappingFlags) checkFailure(m *manage, source sourceForm) error {
	if f.onFailure == "" {
		return nil
	}
	form := streamFailureForm
	if source.service == "sns" {
		form = topicFailureForm
	}
	if err := form.check("on-failure", f.onFailure); err != nil {
		return err
	}
	a, _ := arn.Parse(f.onFailure) // checked before
	name, _, _ := strings.Cut(strings.TrimPrefix(a.Resource, "function:"), ":")
	switch {
	case a.Service != "s3" && (!awsname.IsRegion(a.Region) || !accounts.MatchString(a.AccountID)):
		return fmt.Errorf("--on-failure is %q, which lacks a region or an account; use the whole ARN, such as %s", f.onFailure, form.example)
	case strings.HasSuffix(f.onFailure, ".fifo"):
		return fmt.Errorf("--on-failure is %q, which is FIFO; Lambda sends only to standard queues and topics", f.onFailure)
	case f.onFailure == source.name:
		return errors.New("--on-failure is the source itself, so failed messages would come back forever; name another topic, or a queue")
	case a.Service == "lambda" && name == m.functionName():
		return errors.New("--on-failure is the function itself, so failed messages would come back forever; name another function, or a queue")
	}
	return nil
}

// mappingPositions are the starting positions of a mapping; a time follows the last.
var mappingPositions = []string{"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP="}

// clockError is how far the clocks of AWS may be ahead.
const clockError = 5 * time.Minute

// position reads --starting-position.
func (f *mappingFlags) position(s *hooks.Settings, source sourceForm) error {
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
		case source.service == "dynamodb": // Lambda API, CreateEventSourceMapping
			return errors.New("--starting-position is AT_TIMESTAMP, which works only for Kinesis streams; for a DynamoDB stream use LATEST or TRIM_HORIZON")
		case time.Until(t) > clockError:
			return fmt.Errorf("--starting-position is %s, which is in the future; to start now, use LATEST", f.start)
		}
		s.StartingTimestamp = &t
		return nil
	}
	return fmt.Errorf("--starting-position is %q; it must be LATEST, TRIM_HORIZON or AT_TIMESTAMP=2026-11-22T20:15:00Z%s", f.start, didYouMean("", where, append(slices.Clone(positions), "AT_TIMESTAMP")))
}
