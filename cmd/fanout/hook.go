package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fanout/cmd/fanout/internal/cloud"
	"fanout/cmd/fanout/internal/hooks"
	"fanout/cmd/fanout/internal/policy"
	"fanout/cmd/fanout/internal/role"
)

// mappingFlags are the settings of an event source mapping.
type mappingFlags struct {
	batchSize, window, factor, retries, age int32
	start, onFailure                        string
	bisect                                  bool
	filters                                 []string
}

func (f *mappingFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	s.Int32Var(&f.batchSize, "batch-size", 100, "hand over at most `N` records at a time")
	secondsFlag(s, &f.window, "batching-window", 0, "wait at most this `TIME` for a full batch, such as 5 or 1m")
	s.StringVar(&f.start, "starting-position", "LATEST", "begin a new mapping at `POSITION`: LATEST, TRIM_HORIZON, or AT_TIMESTAMP=2026-11-22T20:15:00Z (Kinesis)")
	s.Int32Var(&f.factor, "parallelization-factor", 1, "handle `N` batches of a shard at a time, by key")
	s.Int32Var(&f.retries, "maximum-retry-attempts", -1, "give a batch up after `N` retries; -1 is never")
	secondsFlag(s, &f.age, "maximum-record-age", -1, "give records up after this `TIME`, such as 3600 or 1h; -1 is never")
	s.BoolVar(&f.bisect, "bisect", true, "halve a batch that failed")
	s.StringVar(&f.onFailure, "on-failure", "", "tell the queue, topic or bucket with this `ARN` of batches given up; '' is none")
	s.StringArrayVar(&f.filters, "filter", nil, "take only records that match this `PATTERN` in JSON; repeatable; '' is all (default: all)")
	_ = cmd.RegisterFlagCompletionFunc("starting-position", cobra.FixedCompletions(mappingPositions, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

// bounds are what Lambda takes (Lambda API, CreateEventSourceMapping).
var mappingBounds = []struct {
	flag          string
	least, most   int32
	value         func(*mappingFlags) int32
	alsoUnlimited bool // -1
}{
	{"batch-size", 1, 10_000, func(f *mappingFlags) int32 { return f.batchSize }, false},
	{"batching-window", 0, 300, func(f *mappingFlags) int32 { return f.window }, false},
	{"parallelization-factor", 1, 10, func(f *mappingFlags) int32 { return f.factor }, false},
	{"maximum-retry-attempts", 0, 10_000, func(f *mappingFlags) int32 { return f.retries }, true},
	{"maximum-record-age", 60, 604_800, func(f *mappingFlags) int32 { return f.age }, true},
}

// settings returns what the command line says, or what is wrong with it.
func (f *mappingFlags) settings(m *manage) (s hooks.Settings, err error) {
	for _, b := range mappingBounds {
		switch v := b.value(f); {
		case v >= b.least && v <= b.most || v == -1 && b.alsoUnlimited:
		case b.alsoUnlimited:
			return s, fmt.Errorf("--%s is %d; it must be %d to %d, or -1", b.flag, v, b.least, b.most)
		default:
			return s, fmt.Errorf("--%s is %d; it must be %d to %d", b.flag, v, b.least, b.most)
		}
	}
	given := func(flag string, p *int32) *int32 {
		if m.given(flag) {
			return p
		}
		return nil
	}
	s.BatchSize, s.BatchingWindow = given("batch-size", &f.batchSize), given("batching-window", &f.window)
	s.ParallelizationFactor = given("parallelization-factor", &f.factor)
	s.MaximumRetryAttempts, s.MaximumRecordAge = given("maximum-retry-attempts", &f.retries), given("maximum-record-age", &f.age)
	if m.given("bisect") {
		s.Bisect = &f.bisect
	}
	if m.given("on-failure") {
		if err := f.checkFailure(); err != nil {
			return s, err
		}
		s.OnFailure = &f.onFailure
	}
	if m.given("filter") {
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
	}
	return s, f.position(&s)
}

// checkFailure finds what is wrong with --on-failure.
func (f *mappingFlags) checkFailure() error {
	if f.onFailure == "" {
		return nil
	}
	return failureForm.check("on-failure", f.onFailure)
}

// mappingPositions are where a mapping may begin, the last followed by a time.
var mappingPositions = []string{"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP="}

// position reads --starting-position.
func (f *mappingFlags) position(s *hooks.Settings) error {
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
		s.StartingTimestamp = &t
		return nil
	}
	return fmt.Errorf("--starting-position is %q; it must be LATEST, TRIM_HORIZON or AT_TIMESTAMP=2026-11-22T20:15:00Z%s", f.start, didYouMean("", where, append(slices.Clone(positions), "AT_TIMESTAMP")))
}

func newHook(c *common) *cobra.Command {
	m := manage{common: c}
	var f mappingFlags
	var s hooks.Settings
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Connect a source to the function",
		Long: `Hook makes the function get the records of a source: of a Kinesis or DynamoDB
stream by an event source mapping, of an SNS topic by a subscription. Run again, it
changes the settings that are given, and leaves the others: the defaults below are
those of a new mapping.

A mapping always asks for ReportBatchItemFailures. The function's variable
FANOUT_REPORT_BATCH_ITEM_FAILURES is set to true once every mapping of the function
does, and to false as long as one does not: such a mapping would lose what failed.`,
		Example: `  fanout hook --function fanout --source-type kinesis --source inputStream
  fanout hook --source-type dynamodb --source Customers --starting-position TRIM_HORIZON --batch-size 1000
  fanout hook --source-arn arn:aws:sns:eu-west-1:123456789012:alerts`,
		Args: flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	f.add(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	check := func() (err error) {
		if err = m.needSource(); err == nil {
			s, err = f.settings(&m)
		}
		return err
	}
	m.iamFlag()
	m.work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		if strings.Contains(source, ":sns:") {
			if err := m.topicFlags(&f); err != nil {
				return err
			}
		}
		if err := m.isFanout(ctx, a); err != nil {
			return err
		}
		h := m.hooks(a, source)
		if m.sourceARN != "" {
			if err := a.Exists(ctx, source); err != nil {
				return err
			}
		}
		paused, err := h.Paused(ctx, source) // afterwards its state may be that it is being updated
		if err != nil {
			return err
		}
		// Lambda makes no mapping that the role cannot read.
		coming := policy.Source{ARN: source, OnFailure: f.onFailure}
		needed, err := m.keepInStep(ctx, cmd, a, coming)
		if err != nil {
			return err
		}
		did, err := h.Hook(ctx, source, s)
		if err != nil && needed != nil { // it may be what the role lacks
			err = errors.Join(err, m.showHook(cmd.OutOrStdout(), source, "", needed))
		}
		if err != nil {
			return err
		}
		if err := m.hooked(ctx, cmd, h, source, did, needed); err != nil {
			return err
		}
		m.unheeded(source, did, paused)
		if m.noIAM || did != hooks.Updated {
			return nil
		}
		_, err = m.keepInStep(ctx, cmd, a, coming) // what the mapping had before needs no right now
		return err
	})
	return cmd
}

// unheeded warns of what hook does not change at a mapping that was there before: where
// it began, and that it is paused.
func (m *manage) unheeded(source string, did hooks.Did, paused bool) {
	if did != hooks.Created && m.given("starting-position") {
		m.warn("%s is hooked already, and --starting-position is of new mappings only; to begin elsewhere, run fanout unhook first", source)
	}
	if paused {
		m.warn("%s is paused, and stays so; run fanout resume --function %s --source-arn %[1]s", source, m.functionName())
	}
}

// isFanout refuses a function that is not fanout's: it would get records that it does
// not expect, and a variable. Who may not look it up is not stopped.
func (m *manage) isFanout(ctx context.Context, a *cloud.Account) error {
	f, found, err := role.Find(ctx, a.Lambda(), m.functionRef())
	switch {
	case cloud.IsDenied(err):
		return nil
	case err != nil:
		return err
	case found && !role.IsFanout(f.Tags, f.Environment):
		return fmt.Errorf("the function %q is not one of fanout; run fanout deploy --function %[1]s first, which makes it one, and asks before", m.functionName())
	}
	return nil
}

// hooks returns the hooks of the function, which may be to a topic of another region.
func (m *manage) hooks(a *cloud.Account, source string) *hooks.Hooks {
	h := hooks.Of(a, m.functionRef())
	h.SNS = a.In(regionOf(source)).SNS()
	return h
}

// topicFlags refuses the flags that only mappings have.
func (m *manage) topicFlags(f *mappingFlags) error {
	for _, name := range []string{"batch-size", "batching-window", "starting-position", "parallelization-factor",
		"maximum-retry-attempts", "maximum-record-age", "bisect", "on-failure"} {
		if m.given(name) {
			return &misuse{fmt.Errorf("--%s has no effect on SNS topics; remove it", name)}
		}
	}
	if len(f.filters) > 1 {
		return &misuse{errors.New("--filter is given more than once, and a subscription has one filter policy")}
	}
	return nil
}

// hooked brings the function in step with its mappings, and tells what was done, and
// what the role needs, if that is asked for.
func (m *manage) hooked(ctx context.Context, cmd *cobra.Command, h *hooks.Hooks, source string, did hooks.Did, needed *policy.Document) error {
	if err := m.showHook(cmd.OutOrStdout(), source, did, needed); err != nil {
		return err
	}
	reported, value, others, err := h.Report(ctx)
	if err != nil {
		return err
	}
	if reported == hooks.Updated {
		fmt.Fprintf(cmd.ErrOrStderr(), "variable %s: %t\n", hooks.Variable, value)
	}
	for _, other := range others {
		fmt.Fprintf(cmd.ErrOrStderr(), "fanout: warning: the mapping of %s does not ask for ReportBatchItemFailures, so whole batches are sent again; run fanout hook --source-arn %s\n", other, other)
	}
	return nil
}

// showHook prints what was done to the hook of a source, "" if nothing was, and what
// the role needs, nil if that is not asked for.
func (m *manage) showHook(w io.Writer, source string, did hooks.Did, needed *policy.Document) error {
	if m.output != "table" {
		return show(w, m.output, struct {
			Source   string           `json:"source"`
			Function string           `json:"function"`
			Outcome  hooks.Did        `json:"outcome,omitempty"`
			Policy   *policy.Document `json:"policy,omitempty"`
		}{source, m.functionName(), did, needed}, nil)
	}
	if did != "" {
		if _, err := fmt.Fprintf(w, "hook of %s to %s: %s\n", source, m.functionName(), did); err != nil {
			return err
		}
	}
	if needed == nil {
		return nil
	}
	return showJSON(w, needed)
}

func newUnhook(c *common) *cobra.Command {
	m := manage{common: c}
	cmd := &cobra.Command{
		Use:   "unhook",
		Short: "Disconnect a source from the function",
		Long: `Unhook removes the event source mapping of a stream, or the subscription to a
topic. Where the mapping was in the stream is forgotten; use pause to go on later.`,
		Example: "  fanout unhook --function fanout --source-type kinesis --source inputStream",
		Args:    flagsOnly,
	}
	m.functionFlags(cmd)
	m.sourceFlags(cmd)
	m.tableFlags()
	m.outputFlag(cmd)
	m.iamFlag()
	m.work(cmd, m.needSource, func(ctx context.Context, a *cloud.Account) error {
		source, err := m.sourceRef(ctx, a)
		if err != nil {
			return err
		}
		h := m.hooks(a, source)
		if err := h.Unhook(ctx, source); err != nil {
			return err
		}
		needed, err := m.keepInStep(ctx, cmd, a)
		return errors.Join(m.hooked(ctx, cmd, h, source, hooks.Removed, needed), err)
	})
	return cmd
}
