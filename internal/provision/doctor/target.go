package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// target checks one target: its attributes, and that its destination exists. An
// inactive target does no harm.
func (p *patient) target(ctx context.Context, e *registry.Entry) []Finding {
	is := about{"target", Target(e.Spec.SourceARN, e.ID)}
	found := p.written(is, e)
	if slices.ContainsFunc(found, func(f Finding) bool { return f.Status == Error }) || e.Err() != nil {
		return found
	}
	reached := p.reach(ctx, is, &e.Spec)
	if reached.Status == Error && !e.Spec.Active {
		reached.Status = Warning
	}
	if len(found) == 0 || reached.Status != OK {
		found = append(found, reached)
	}
	return found
}

// update is the command that changes a target.
func (p *patient) update(t *sinks.Spec, flags ...string) string {
	return p.run("update", append([]string{"--source-arn", t.SourceARN, "--id", t.ID}, flags...)...)
}

// written checks the attributes of a target.
func (p *patient) written(is about, e *registry.Entry) []Finding {
	var found []Finding
	graveness := Warning
	if e.Spec.Active {
		graveness = Error
	}
	fix := p.repair(e, e.Faults)
	for _, f := range e.Faults {
		found = append(found, is.is(graveness, fix, "%s", attribute(f)))
	}
	fix = p.repair(e, e.Warnings)
	for _, f := range e.Warnings {
		found = append(found, is.warning(fix, "%s", attribute(f)))
	}
	if e.Err() == nil && (policy.Function{ARN: p.function.ARN}).Loops(&e.Spec) {
		found = append(found, is.is(graveness, p.update(&e.Spec, "--destination", "NAME"), "its records come back for ever: the destination is its source, or the function itself"))
	}
	id := e.Spec.OnFailure
	if id == "" || id == e.ID {
		return found
	}
	other := slices.IndexFunc(p.targets, func(o registry.Entry) bool { return o.ID == id && o.Spec.SourceARN == e.Spec.SourceARN })
	switch {
	case other < 0:
		found = append(found, is.is(graveness, p.update(&e.Spec, "--on-failure", "ID"), "onFailure: the source has no target %q", id))
	case p.targets[other].Err() != nil:
		found = append(found, is.warning(p.repair(&p.targets[other], p.targets[other].Faults), "onFailure: the target %q has faults, so it takes nothing", id))
	}
	return found
}

// repair returns the command that fixes all faults or warnings of a target at once,
// because a target is checked as a whole. It leaves out attributes that no flag sets.
func (p *patient) repair(e *registry.Entry, faults []target.Fault) string {
	var flags []string
	for _, f := range faults {
		flag := p.Flag(f.Attribute)
		switch {
		case f.Attribute == "type" && e.Spec.Type == builtin.Type("file") && e.Spec.Active: // its text says how to allow it
			return p.update(&e.Spec, "--active", "false")
		case f.Attribute == "type":
			return p.run("register", "TYPE", "--source-arn", e.Spec.SourceARN, "--id", e.ID, "--destination", "NAME",
				"--active", strconv.FormatBool(e.Spec.Active), "--force")
		case flag == "" || slices.Contains(flags, "--"+flag):
			continue
		case strings.Contains(f.Text, "has no effect"), strings.Contains(f.Text, "remove it"):
			flags = append(flags, "--unset", flag)
		default:
			flags = append(flags, "--"+flag, "VALUE")
		}
	}
	if flags == nil {
		return "correct its item in the target table"
	}
	return p.update(&e.Spec, flags...)
}

// attribute describes a fault without the target, which the finding names already.
func attribute(f target.Fault) string {
	if f.Attribute == "" {
		return f.Text
	}
	return f.Attribute + ": " + f.Text
}

// reach checks that the destination of a target exists and takes records, as far as the
// caller has the right to see it.
func (p *patient) reach(ctx context.Context, is about, t *sinks.Spec) Finding {
	if a, err := arn.Parse(t.Role); err == nil && a.AccountID != p.self.AccountID {
		return is.notChecked("the target is reached with a role of account %s", a.AccountID)
	}
	if owner := t.Destination.Account; owner != "" && owner != p.self.AccountID {
		return is.notChecked("%s belongs to account %s", t.Destination, owner)
	}
	region := t.Region
	if region == "" {
		region = p.self.Region
	}
	fix := func(flags ...string) string { return p.update(t, flags...) }
	c := visit{
		about: is, Region: p.In(region), fix: fix, spec: t, vpc: p.function.VPC,
		deploy: p.command("deploy", "--subnet", "ID", "--security-group", "ID"),
	}
	switch t.Type {
	case builtin.Type("kinesis"):
		return c.stream(ctx)
	case builtin.Type("firehose"):
		return c.deliveryStream(ctx)
	case builtin.Type("sqs"):
		return c.queue(ctx)
	case builtin.Type("sns"):
		return c.topic(ctx)
	case builtin.Type("lambda"):
		return c.function(ctx)
	case builtin.Type("es"):
		return c.search(ctx)
	case builtin.Type("iot"):
		return c.iot(ctx)
	case builtin.Type("memcached"), builtin.Type("redis"):
		return c.cache(ctx)
	case builtin.Type("file"):
		return is.warning(fix("--active", "false"), "the file is on the disk of one instance of the function, and goes with it")
	}
	return is.ok("%s", t.Destination)
}

// visit is a check of the destination of one target, in its region.
type visit struct {
	about
	Region
	fix    func(flags ...string) string // the command that changes the target
	deploy string                       // the command that puts the function into a VPC
	spec   *sinks.Spec
	vpc    bool // whether the function is in one
}

// gone is the finding for a destination that does not exist.
func (c *visit) gone(what string) Finding {
	return c.wrong("make it, or "+c.fix("--destination", "NAME"), "there is no %s %s", what, c.spec.Destination)
}

// state is the finding for a state, which is good or not.
func (c *visit) state(what, state string, good ...string) Finding {
	if slices.Contains(good, state) {
		return c.ok("%s %s", what, c.spec.Destination)
	}
	return c.wrong("wait, or look at it in the console", "the %s %s is %s", what, c.spec.Destination, strings.ToLower(state))
}

// size is the limit of a destination for one record or message, in bytes.
type size struct {
	what      string // a queue, topic or stream
	takes     int    // 0: unknown
	byDefault int    // limit of a target without maxRecordBytes
	setting   string // the destination's setting that raises it
	unit      int    // unit of the setting, in bytes
}

// size compares the destination's limit with the target's.
func (c *visit) size(found Finding, s size) Finding {
	sends := cmp.Or(c.spec.MaxRecordBytes, s.byDefault)
	if found.Status != OK || s.takes == 0 || s.takes >= sends {
		return found
	}
	things, then := "records", "a larger one fails"
	if c.spec.Type == builtin.Type("sqs") || c.spec.Type == builtin.Type("sns") {
		things = "messages"
	}
	if c.spec.Collapse != sinks.CollapseNone {
		then = "a larger one is refused and sent again in parts, and a single record that is larger fails"
	}
	do := fmt.Sprintf("set %s of the %s to %d, or %s", s.setting, s.what, (sends+s.unit-1)/s.unit, c.fix("--max-record-bytes", strconv.Itoa(s.takes)))
	return c.warning(do, "it sends %s of up to %d bytes, and the %s %s takes %d: %s", things, sends, s.what, c.spec.Destination, s.takes, then)
}
