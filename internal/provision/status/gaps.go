package status

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/lambda/metrics"
)

// A verdict says healthy only if all that decides it was read. This file judges what is left
// when something was not.

// logState is what is known about the log.
type logState struct {
	err   error
	cut   bool // not all of the period was read
	lines bool // it has lines of the period
}

// targetsKnown reports whether the targets were read.
func (d *reading) targetsKnown() bool { return d.targetsErr == nil && !d.targetsFile() }

// blind reports whether counts cannot tell all failures, so that the log must.
func (d *reading) blind() bool {
	return d.options.Metrics == metrics.ModeNone || d.metricsErr != nil || !d.targetsKnown()
}

// logFails notes that the log cannot be read.
func (d *reading) logFails(err error) {
	if err != nil && !awserr.IsMissing(err) { // Lambda makes the log group with the first line
		d.log.err = err
		d.unknown("reasons of failures", err)
	}
}

// findLine looks for any line of the period.
func (d *reading) findLine(ctx context.Context, calls *int) error {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &d.LogGroup, Limit: aws.Int32(1),
		StartTime: aws.Int64(d.At.Add(-d.Reader.Period).UnixMilli()), EndTime: aws.Int64(d.At.Add(time.Minute).UnixMilli()),
	}
	for *calls > 0 {
		*calls--
		out, err := d.Logs.FilterLogEvents(ctx, in)
		if err != nil {
			return err
		}
		if d.log.lines = len(out.Events) > 0; d.log.lines || aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
	return nil
}

// failuresOfLog judges targets by the log: those without counts, and those whose failure the
// metrics do not have yet.
func (d *reading) failuresOfLog() {
	for i := range d.Sources {
		for k := range d.Sources[i].Targets {
			t := &d.Sources[i].Targets[k]
			e := t.LastError
			if e == nil || t.Condition == Inactive || t.Condition == Faulty || t.Condition == Fails || t.Condition == Diverting {
				continue
			}
			// Without counts, nobody knows whether it delivered since.
			if t.Counts == nil || d.At.Sub(e.At) <= recent {
				t.Condition = Fails
				if e.Diverted {
					t.Condition = Diverting
				}
			}
		}
	}
}

// failedRecords says how many records of a target failed, and when.
func (d *reading) failedRecords(t *Target) string {
	if t.Counts != nil && t.Counts.Failed > 0 {
		return records(t.Counts.Failed, "failed in the last "+Short(d.Reader.Period))
	}
	return records(t.LastError.Records, "failed "+d.ago(t.LastError.At))
}

// divertedRecords says how many records of a target went to onFailure, and when.
func (d *reading) divertedRecords(t *Target) string {
	if t.Counts != nil && t.Counts.Diverted > 0 {
		return records(t.Counts.Diverted, "in the last "+Short(d.Reader.Period))
	}
	return records(t.LastError.Records, d.ago(t.LastError.At))
}

// judgeGaps finds what could not be read, and the failures in the log that no count has.
func (d *reading) judgeGaps(subject string) {
	for _, gap := range []struct {
		what string
		err  error
	}{{"targets", d.targetsErr}, {"mappings", d.hooksErr}, {"metrics", d.metricsErr}} {
		if gap.err != nil {
			d.problem(Unclear, subject, ask(gap.err), "its %s cannot be read: %s", gap.what, why(gap.err))
		}
	}
	if d.blind() {
		d.judgeLog(subject)
	}
}

// ask says which right to ask for.
func ask(err error) string {
	if !awserr.IsDenied(err) {
		return ""
	}
	return "ask for the right; docs/security.md has all that status needs"
}

// judgeLog judges a function by its log.
func (d *reading) judgeLog(subject string) {
	d.judgeStrangers()
	itself := slices.IndexFunc(d.Failures, func(f Failure) bool { return f.Target == "" })
	if itself >= 0 && !d.fails() {
		f, state := &d.Failures[itself], Attention
		if d.At.Sub(f.At) <= recent {
			state = Failing
		}
		d.problem(state, subject, "run "+d.command("doctor"), "its log has an error %s: %s", d.ago(f.At), f.Error)
	}
	period := Short(d.Reader.Period)
	shorter := "run " + d.command("status", "--last", Short(max(d.Reader.Period/3, time.Minute)))
	counts := "run " + d.command("deploy", "--env", "FANOUT_METRICS=cloudwatch") + ", which counts them"
	switch {
	case d.log.err != nil && d.options.Metrics == metrics.ModeNone:
		d.problem(Unclear, subject, "ask for the right, or "+counts, "it sends no metrics, and its log cannot be read: %s", why(d.log.err))
	case d.log.err != nil:
		d.problem(Unclear, subject, ask(d.log.err), "its log cannot be read: %s", why(d.log.err))
	case d.log.cut:
		d.problem(Unclear, subject, shorter, "its log of the last %s is too long to find every failure", period)
	case len(d.Failures) > 0 || d.log.lines:
	case d.options.Metrics == metrics.ModeNone:
		d.problem(Unclear, subject, counts+"; fanout status --last looks further back", "it sends no metrics, and its log has no lines of the last %s", period)
	case d.Calls != nil && d.Calls.Invocations > 0:
		d.problem(Unclear, subject, "run "+d.command("doctor"), "Lambda called it %d times in the last %s, but its log has no lines", d.Calls.Invocations, period)
	}
}

// judgeStrangers finds failures of targets that could not be read.
func (d *reading) judgeStrangers() {
	if d.targetsKnown() {
		return
	}
	seen := make(map[[2]string]bool)
	for i := range d.Failures {
		f := &d.Failures[i]
		key := [2]string{f.Source, f.Target}
		if f.Target == "" || seen[key] {
			continue
		}
		seen[key] = true
		verb := "failed"
		if f.Diverted {
			verb = "went to onFailure"
		}
		d.problem(Failing, "target "+awsname.Target(f.Source, f.Target), "run "+d.command("doctor"), "%s %s: %s", records(f.Records, verb), d.ago(f.At), f.Error)
	}
}
