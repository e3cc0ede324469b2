package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/lambda/metrics"
)

// fresh is how long an age counts as that of now: Lambda tries a failed batch again within that
// time.
const fresh = 5 * time.Minute

// judge finds the problems and sums them up.
func (d *reading) judge() {
	for i := range d.Sources {
		for k := range d.Sources[i].Targets {
			d.judgeTarget(&d.Sources[i], &d.Sources[i].Targets[k])
		}
	}
	for i := range d.Sources {
		d.judgeSource(&d.Sources[i])
	}
	d.judgeFunction()
	d.judgeQueues()
	d.judgeStart()
	slices.SortStableFunc(d.Problems, func(a, b Problem) int { return rank[a.State] - rank[b.State] })
	d.Verdict = d.sumUp()
}

// rank orders problems, the worst first.
var rank = map[State]int{Failing: 0, Late: 1, Unclear: 2, Attention: 3}

func (d *reading) problem(s State, subject, do, format string, args ...any) {
	var commands []string
	for _, c := range d.commands {
		if strings.Contains(do, c) && !slices.Contains(commands, c) {
			commands = append(commands, c)
		}
	}
	d.commands = nil
	d.Problems = append(d.Problems, Problem{s, subject, fmt.Sprintf(format, args...), do, commands})
}

func (d *reading) judgeTarget(s *Source, t *Target) {
	subject := "target " + awsname.Target(s.ARN, t.ID)
	doctor := "run " + d.command("doctor")
	period := Short(d.Reader.Period)
	switch t.Condition {
	case Faulty:
		d.problem(Failing, subject, doctor, "its records fail: %s", t.fault)
	case Fails:
		d.problem(Failing, subject, d.remedy(s, t), "%s%s", d.failedRecords(t), because(t))
	case Diverting:
		d.problem(Failing, subject, doctor+" to find the cause; when it is mended, "+d.redrive(t), "onFailure took %s%s", d.divertedRecords(t), because(t))
	case Diverted:
		d.problem(Attention, subject, d.redrive(t)+", unless you did so already", "onFailure took %s in the last %s, and the target delivers again%s", records(t.Counts.Diverted, ""), period, because(t))
	case OK, Idle, Recovered, Inactive, Unseen:
	}
}

// redrive is the command that delivers diverted records again.
func (d *reading) redrive(t *Target) string {
	return d.redriveFrom(cmp.Or(t.queue, "QUEUE"))
}

func (d *reading) redriveFrom(queue string) string {
	if d.Function() == "fanout" { // redrive has no default
		return "run " + d.command("redrive", "--function", "fanout", "--queue", queue)
	}
	return "run " + d.command("redrive", "--queue", queue)
}

// remedy says what to do about a target that fails.
func (d *reading) remedy(s *Source, t *Target) string {
	doctor := "run " + d.command("doctor")
	if t.LastError == nil {
		return doctor
	}
	switch class := t.LastError.Class; {
	case class == engine.Throttled.String():
		return "raise the limits of the destination, or run " + d.command("update", "--source-arn", s.ARN, "--id", t.ID, "--in-flight", "N")
	case class == engine.Retryable.String():
		return "Lambda sends the records again; if it lasts, " + doctor
	case t.queue == "" && (class == engine.Refused.String() || class == engine.TooLarge.String()):
		return "let such records go aside: run " + d.command("deploy", "--failures-queue", "NAME")
	}
	return doctor
}

// because is the reason of a target's last failure, as the end of a sentence.
func because(t *Target) string {
	if t.LastError == nil {
		return ""
	}
	return ": " + t.LastError.Error
}

func (d *reading) judgeSource(s *Source) {
	subject := "source " + s.Name
	active := slices.ContainsFunc(s.Targets, func(t Target) bool { return t.Condition != Inactive })
	switch {
	case s.Topic && active:
		d.judgeTopic(s, subject)
	case s.Topic || s.Unread || !d.targetsKnown():
	case s.Mapping == nil && active:
		d.problem(Attention, subject, "run "+d.command("hook", "--source-arn", s.ARN), "it has active targets, but no mapping, so they get no records")
	case s.Mapping != nil && !active && !d.options.IgnoreUnknownSource:
		d.problem(Failing, subject, "run "+d.command("register", "TYPE", "--source-arn", stream(s.ARN), "--id", "ID", "--destination", "NAME", "--active", "true"),
			"it has no active target, so its records go nowhere")
	}
	if m := s.Mapping; m != nil {
		d.judgeMapping(s, m, subject)
	}
	if d.late(*s) {
		d.problem(Late, subject, d.hurry(s), "its oldest record had waited %s when the function got it %s", Seconds(s.Age.Last), d.ago(s.Age.At))
	}
}

func (d *reading) judgeMapping(s *Source, m *Mapping, subject string) {
	switch {
	case m.State == "Disabled" || m.State == "Disabling":
		d.problem(Attention, subject, "run "+d.command("resume", "--source-arn", s.ARN), "it is paused")
	case strings.HasPrefix(m.Result, "PROBLEM") && !d.failing(s): // otherwise the target's problem has the cause
		d.problem(Failing, subject, "run "+d.command("doctor"), "Lambda reports %q", m.Result)
	}
}

// failing reports whether a target of the source fails.
func (d *reading) failing(s *Source) bool {
	return slices.ContainsFunc(s.Targets, func(t Target) bool { return t.Condition == Fails || t.Condition == Faulty })
}

// late reports whether a source's records are late. A source without new records keeps its
// last age; a blocked one gets new ages.
func (d *reading) late(s Source) bool {
	return s.Age != nil && s.Age.Last > d.Late.Seconds() && d.At.Sub(s.Age.At) <= max(fresh, d.Step)
}

// hurry says what to do about a source whose records are late. A failure comes first: no
// setting makes records faster that wait behind one.
func (d *reading) hurry(s *Source) string {
	for i := range s.Targets {
		if t := &s.Targets[i]; t.Condition == Fails || t.Condition == Faulty || t.LastError != nil && !t.LastError.Diverted {
			return "mend the target " + t.ID + ", which holds up the records behind its own: " + d.remedy(s, t)
		}
	}
	n := int32(1)
	i := slices.IndexFunc(d.hooks, func(m types.EventSourceMappingConfiguration) bool {
		return s.Mapping != nil && *m.EventSourceArn == s.ARN
	})
	if i >= 0 && d.hooks[i].ParallelizationFactor != nil {
		n = *d.hooks[i].ParallelizationFactor
	}
	if n >= 10 {
		return "add shards to the stream, or find the target that is slow: docs/operations.md, Records arrive late"
	}
	return "run " + d.command("hook", "--source-arn", s.ARN, "--parallelization-factor", fmt.Sprint(min(2*n, 10)))
}

func (d *reading) judgeFunction() {
	subject, log := "function "+d.Function(), "aws logs tail "+d.LogGroup+" --since "+Short(d.Reader.Period)
	d.judgeGaps(subject)
	if d.metricsErr != nil {
		return
	}
	if d.late(d.waits) {
		d.problem(Late, subject, "run "+d.command("doctor"), "its oldest record had waited %s when the function got it %s", Seconds(d.waits.Age.Last), d.ago(d.waits.Age.At))
	}
	if d.fails() {
		reason := ""
		if i := slices.IndexFunc(d.Failures, func(f Failure) bool { return f.Target == "" }); i >= 0 {
			reason = ": " + d.Failures[i].Error
		}
		state := Attention
		if last(d.Calls.errors) >= len(d.Calls.errors)-max(int(recent/d.Step), 1) {
			state = Failing
		}
		d.problem(state, subject, "run "+d.command("doctor")+", and read the log: "+log, "%d of its %d invocations ended with an error in the last %s%s", d.Calls.Errors, d.Calls.Invocations, Short(d.Reader.Period), reason)
	}
	if d.Calls.Throttles > 0 {
		d.problem(Attention, subject, "raise the function's reserved concurrency, or the account's limit", "Lambda refused to start it %d times in the last %s", d.Calls.Throttles, Short(d.Reader.Period))
	}
	if d.Calls.Invocations >= uncounted && d.total() == 0 && d.options.Metrics != metrics.ModeNone && len(d.Sources) > 0 {
		d.problem(Attention, subject, "run "+d.command("doctor")+"; the log says why metrics were not sent: "+log,
			"Lambda called it %d times, but it counted no records", d.Calls.Invocations)
	}
}

// uncounted is the number of invocations without a count that is suspicious. The function
// sends the metrics of one invocation with a later one.
const uncounted = 5

// total is the number of records that came.
func (d *reading) total() int {
	n := 0
	for _, s := range d.Sources {
		if s.Records != nil {
			n += *s.Records
		}
	}
	return n
}

// sumUp makes the verdict. The worst problem names it.
func (d *reading) sumUp() Verdict {
	if len(d.Problems) == 0 {
		return Verdict{State: Healthy, Text: d.well()}
	}
	p := d.Problems[0]
	text := p.Subject + ": " + p.Text
	if n := len(d.Problems) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return Verdict{p.State, text, p.Do, p.Commands}
}

// well says what a healthy function does.
func (d *reading) well() string {
	period := Short(d.Reader.Period)
	switch {
	case d.options.Metrics == metrics.ModeNone:
		return fmt.Sprintf("Lambda called the function %d times in the last %s, without an error, and its log has no failure", d.Calls.Invocations, period)
	case d.total() == 0:
		return "no records in the last " + period
	case !d.targetsKnown():
		return fmt.Sprintf("%s came in the last %s, and the log has no failure", records(d.total(), ""), period)
	}
	delivered, oldest := 0, -1.0
	for _, s := range d.Sources {
		for _, t := range s.Targets {
			if t.Counts != nil {
				delivered += t.Counts.Delivered
			}
		}
		if s.Age != nil {
			oldest = max(oldest, s.Age.Last)
		}
	}
	text := fmt.Sprintf("%s came in the last %s, %d deliveries", records(d.total(), ""), period, delivered)
	if oldest >= 0 {
		text += ", the oldest waited " + Seconds(oldest)
	}
	return text
}

// records writes a number of records.
func records(n int, verb string) string {
	if n == 1 {
		return strings.TrimSpace("1 record " + verb)
	}
	return strings.TrimSpace(fmt.Sprintf("%d records %s", n, verb))
}

// Short writes a duration without parts that are zero: 15m for 15m0s.
func Short(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Seconds writes a number of seconds: with a fraction below ten.
func Seconds(n float64) string {
	if n < 10 {
		return fmt.Sprintf("%.1fs", n)
	}
	return Short(time.Duration(n * float64(time.Second)))
}
