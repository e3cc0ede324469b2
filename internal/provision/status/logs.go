package status

import (
	"cmp"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Bounds on reading the log.
const (
	maxLogCalls = 8
	maxLogTime  = 10 * time.Second
	maxFailures = 50 // that are kept
)

// Patterns of lines with a reason (CloudWatch Logs user guide, Filter pattern syntax). Lambda
// itself writes the second kind.
const (
	errorLines    = `{ $.level = "error" }`
	platformLines = `?"Task timed out" ?"Runtime exited" ?"Runtime.ExitError"`
)

// readLog looks for the reasons of failures, if there are failures.
func (d *reading) readLog(ctx context.Context) {
	wanted := d.wanted()
	itself := d.fails()
	if len(wanted) == 0 && !itself && !d.blind() && !slices.ContainsFunc(d.Sources, d.late) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, maxLogTime)
	defer cancel()
	calls := maxLogCalls
	for _, pattern := range []string{errorLines, platformLines} {
		if pattern == platformLines && !itself && d.metricsErr == nil {
			continue
		}
		if err := d.search(ctx, pattern, &calls, wanted); err != nil {
			d.logFails(err)
			break
		}
	}
	if d.log.err == nil && d.blind() && len(d.Failures) == 0 {
		d.logFails(d.findLine(ctx, &calls))
	}
	if calls == 0 {
		d.log.cut = true
		d.Unknown = append(d.Unknown, Unknown{"older reasons of failures", "the log has too many lines to read them all"})
	}
	slices.SortStableFunc(d.Failures, func(a, b Failure) int { return b.At.Compare(a.At) })
	d.assign()
	d.Failures = d.Failures[:min(len(d.Failures), maxFailures)]
}

// wanted returns the targets whose failures need a reason, by source and id.
func (d *reading) wanted() map[[2]string]bool {
	all := make(map[[2]string]bool)
	for _, s := range d.Sources {
		for _, t := range s.Targets {
			if t.Counts != nil && t.Counts.Failed+t.Counts.Diverted > 0 {
				all[[2]string{s.ARN, t.ID}] = true
			}
		}
	}
	return all
}

// search reads log lines of the period, the newest first, until it has a reason for each
// wanted target. The service returns the oldest first, so it looks at longer and longer
// times.
func (d *reading) search(ctx context.Context, pattern string, calls *int, wanted map[[2]string]bool) error {
	end := d.At.Add(time.Minute) // clocks differ
	for _, back := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, d.Reader.Period} {
		begin := d.At.Add(-min(back, d.Reader.Period))
		if !begin.Before(end) {
			break
		}
		if err := d.lines(ctx, pattern, begin, end, calls); err != nil {
			return err
		}
		for _, f := range d.Failures {
			delete(wanted, [2]string{f.Source, f.Target})
		}
		if *calls == 0 || len(wanted) == 0 && pattern == errorLines && len(d.Failures) >= maxFailures {
			break
		}
		end = begin
	}
	return nil
}

// lines reads the lines between two times.
func (d *reading) lines(ctx context.Context, pattern string, begin, end time.Time, calls *int) error {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &d.LogGroup, FilterPattern: &pattern,
		StartTime: aws.Int64(begin.UnixMilli()), EndTime: aws.Int64(end.UnixMilli() - 1),
	}
	for *calls > 0 {
		*calls--
		out, err := d.Logs.FilterLogEvents(ctx, in)
		if err != nil {
			return err
		}
		for _, e := range out.Events {
			d.Failures = append(d.Failures, failuresIn(&e)...)
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
	return nil
}

// line is a log line of the function (docs/operations.md).
type line struct {
	Time, Level, Msg, Target, Source, RequestID, Error string
	Failures                                           []struct {
		Error, Class, Shard, Sequence, Remedy string
		Records                               int
		Diverted                              bool
	}
}

// platform matches the part of Lambda's own lines that has the reason.
var platform = regexp.MustCompile(`Task timed out after [0-9.]+ seconds|Runtime exited[^"\n]{0,100}`)

// failuresIn returns the failures in a log line.
func failuresIn(e *types.FilteredLogEvent) []Failure {
	text := aws.ToString(e.Message)
	at := time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()
	var l line
	begin := strings.IndexByte(text, '{')
	if begin < 0 || json.Unmarshal([]byte(text[begin:]), &l) != nil || l.Level == "" {
		if reason := platform.FindString(text); reason != "" {
			return []Failure{{At: at, Error: strings.TrimSpace(reason)}}
		}
		return nil
	}
	if l.Level != "error" {
		return nil
	}
	if l.Target == "" {
		return []Failure{{At: at, Error: strings.TrimSuffix(l.Msg+": "+l.Error, ": "), RequestID: l.RequestID}}
	}
	var all []Failure
	for _, f := range l.Failures {
		all = append(all, Failure{
			At: at, Source: l.Source, Target: l.Target, Error: f.Error, Class: f.Class, Records: f.Records, Diverted: f.Diverted,
			Shard: f.Shard, Sequence: f.Sequence, Remedy: f.Remedy, RequestID: l.RequestID,
		})
	}
	return all
}

// assign gives each target its last failure, by the most records of a line.
func (d *reading) assign() {
	for i := range d.Sources {
		s := &d.Sources[i]
		for k := range s.Targets {
			t := &s.Targets[k]
			var own []Failure
			for _, f := range d.Failures {
				if f.Source == s.ARN && f.Target == t.ID && (own == nil || f.At.Equal(own[0].At)) {
					own = append(own, f)
				}
			}
			if own != nil {
				most := slices.MaxFunc(own, func(a, b Failure) int { return cmp.Compare(a.Records, b.Records) })
				t.LastError = &most
			}
		}
	}
}

// fails reports whether invocations ended with an error in steps in which no target failed.
func (d *reading) fails() bool {
	if d.Calls == nil {
		return false
	}
	for i, n := range d.Calls.errors {
		if n > 0 && !d.failedIn(i) {
			return true
		}
	}
	return false
}

// failedIn reports whether a target failed in a step.
func (d *reading) failedIn(i int) bool {
	for _, s := range d.Sources {
		for _, t := range s.Targets {
			if i < len(t.Trend.Failed) && t.Trend.Failed[i] > 0 {
				return true
			}
		}
	}
	return false
}

// ago writes how long ago a time was.
func (d *reading) ago(at time.Time) string { return Ago(d.At, at) }

// Ago writes how long before now a time was. One after now is of now: clocks differ, and a
// step of metrics ends later.
func Ago(now, at time.Time) string { return Short(max(now.Sub(at), 0)) + " ago" }
