package lint

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/provision/policy"
	"fanout/lambda/target"
	"fanout/sinks"
)

// links calls say with the findings about what a target refers to: its fallback, and a
// destination that brings its records back.
func links(l *target.Loaded, all []target.Loaded, function string, say func(fault bool, f target.Fault)) {
	grave := l.Spec.Active // inactive targets receive nothing
	if id := l.Spec.OnFailure; id != "" && id != l.ID {
		other := slices.IndexFunc(all, func(o target.Loaded) bool { return o.ID == id && o.Spec.SourceARN == l.Spec.SourceARN })
		switch {
		case other < 0:
			say(grave, l.NoFallback())
		case len(all[other].Faults) > 0:
			say(false, l.Fault("onFailure", "the target %q has faults, so it takes no records", id))
		}
	}
	var text string
	switch loop(l, function) {
	case policy.OwnSource:
		text = "is the target's own source"
	case policy.Itself:
		text = "invokes the function itself"
	default:
		comesBack(l, all, function, say)
		return
	}
	text += ", so its records come again and again; name another one"
	if l.Spec.Destination.ARN != "" {
		say(grave, l.Fault("destination", "%s", text))
	} else {
		say(false, l.Fault("destination", "%s, or its ARN if it is in another account", text))
	}
}

// comesBack calls say if the records of a target come back to its source through other targets.
func comesBack(l *target.Loaded, all []target.Loaded, function string, say func(fault bool, f target.Fault)) {
	if len(l.Faults) > 0 || !l.Spec.Active {
		return
	}
	var others []*sinks.Spec
	for i := range all {
		if o := &all[i]; o.Spec.Active && len(o.Faults) == 0 {
			others = append(others, &o.Spec)
		}
	}
	if last := policy.Back(&l.Spec, others, func(t *sinks.Spec) policy.Function { return policy.Function{ARN: selfOf(t, function)} }); last != nil {
		say(false, l.Fault("destination", "leads back to the target's own source through the target %q of %s, so its records may come again and again; name another one", last.ID, last.SourceARN))
	}
}

// useless calls say with the attributes of a target without faults that do not do what they are
// for. The function does not log these: an older target may well have them.
func useless(l *target.Loaded, say func(fault bool, f target.Fault)) {
	s := &l.Spec
	if why := unmatched(s); why != "" {
		say(false, l.Fault("filter", "matches no record: %s", why))
	}
	if !s.Parallel && s.Type.Messages && s.Destination.Name != "" && !s.Destination.FIFO {
		say(false, l.Fault("parallel", "is false, but a standard queue or topic keeps no order; write to a FIFO one, or remove it"))
	}
}

// selfOf returns the ARN of the function that has a target, given by name or ARN; "" is unknown. A
// function without an account is taken to be where the target's source is.
func selfOf(t *sinks.Spec, function string) string {
	source, err := arn.Parse(t.SourceARN)
	if err != nil || arn.IsARN(function) {
		return function
	}
	source.Service, source.Resource = "lambda", "function:"+cmp.Or(function, "unknown")
	return source.String()
}

// loop returns how the records of a target come back to a function, by name or ARN. "" is an
// unknown function.
func loop(l *target.Loaded, function string) policy.Loop {
	if len(l.Faults) > 0 {
		return 0
	}
	found := policy.Function{ARN: selfOf(&l.Spec, function)}.Loop(&l.Spec)
	if found == policy.Itself && function == "" {
		return 0
	}
	return found
}
