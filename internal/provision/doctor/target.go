package doctor

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/awsname"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin/setup"
)

// target checks one target: its attributes, and that its destination exists. An
// inactive target does no harm.
func (p *examination) target(ctx context.Context, e *registry.Entry) []Finding {
	is := about{"target", awsname.Target(e.Spec.SourceARN, e.ID)}
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
	return append(found, p.store(ctx, is, &e.Spec)...)
}

// store checks the bucket for records that are too large for a target. It finds nothing if the
// target has none, or if the bucket is fine.
func (p *examination) store(ctx context.Context, is about, t *sinks.Spec) []Finding {
	store, ok := t.Store()
	if !ok {
		return nil
	}
	found := p.reach(ctx, is, &store)
	if found.Status == OK {
		return nil
	}
	if found.Status == Error && !t.Active {
		found.Status = Warning
	}
	if found.Do != "" {
		found.Do = "create the bucket in the region of the target, or " + p.update(t, "--oversize", "s3://BUCKET/PREFIX")
	}
	found.Text = "oversize: " + found.Text
	return []Finding{found}
}

// update is the command that changes a target.
func (p *examination) update(t *sinks.Spec, flags ...string) string {
	return p.run("update", append([]string{"--source-arn", t.SourceARN, "--id", t.ID}, flags...)...)
}

// written checks the attributes of a target.
func (p *examination) written(is about, e *registry.Entry) []Finding {
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
		found = append(found, is.is(graveness, p.update(&e.Spec, "--destination", "NAME"), "its records form an endless loop: the destination is its source or the function itself"))
	}
	if last := p.back(e); last != nil {
		found = append(found, is.warning(p.run("deactivate", "--source-arn", e.Spec.SourceARN, "--id", e.ID),
			"its records come back to its source through %s, so each may come again and again; a filter of either target can prevent that", awsname.Target(last.SourceARN, last.ID)))
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
		found = append(found, is.warning(p.repair(&p.targets[other], p.targets[other].Faults), "onFailure: the target %q has faults, so it takes no records", id))
	}
	return found
}

// back returns the target through which the records of an active target come back to its source.
func (p *examination) back(e *registry.Entry) *sinks.Spec {
	if !e.Spec.Active || e.Err() != nil {
		return nil
	}
	return policy.Back(&e.Spec, p.active(), func(*sinks.Spec) policy.Function { return policy.Function{ARN: p.function.ARN} })
}

// repair returns the command that fixes all faults or warnings of a target at once,
// because a target is checked as a whole. It leaves out attributes that no flag sets.
func (p *examination) repair(e *registry.Entry, faults []target.Fault) string {
	var flags []string
	for _, f := range faults {
		flag := p.Flag(f.Attribute)
		switch {
		case f.Attribute == "type" && e.Spec.Type != nil && e.Spec.Type.Disk && e.Spec.Active: // its text says how to allow it
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
func (p *examination) reach(ctx context.Context, is about, t *sinks.Spec) Finding {
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
	if t.Type.Disk {
		return is.warning(p.update(t, "--active", "false"), "the file is on the disk of one instance of the function, and is lost with it")
	}
	known := setup.Of(t.Type)
	if known.Inspect == nil {
		return is.ok("%s", t.Destination)
	}
	v := visit{
		about: is, spec: t, what: known.What, vpc: p.function.VPC,
		fix:    func(flags ...string) string { return p.update(t, flags...) },
		deploy: p.command("deploy", "--subnet", "ID", "--security-group", "ID"),
	}
	if !p.options.PrivateHosts {
		v.inside = p.run("deploy", "--env", "FANOUT_HTTP_PRIVATE=allow")
	}
	state, err := known.Inspect(ctx, p.In(region).Config, t)
	if err != nil {
		return v.failed(state.Host, err)
	}
	return v.found(&state)
}
