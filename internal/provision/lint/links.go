package lint

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/provision/policy"
	"fanout/lambda/target"
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
		return
	}
	text += ", so its records come again and again; name another one"
	if l.Spec.Destination.ARN != "" {
		say(grave, l.Fault("destination", "%s", text))
	} else {
		say(false, l.Fault("destination", "%s, or its ARN if it is in another account", text))
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

// loop returns how the records of a target come back to a function, by name or ARN. A function
// or destination without an account is taken to be in the source's. "" is an unknown function.
func loop(l *target.Loaded, function string) policy.Loop {
	source, err := arn.Parse(l.Spec.SourceARN)
	if err != nil || len(l.Faults) > 0 {
		return 0
	}
	self := function
	if !arn.IsARN(function) {
		source.Service, source.Resource = "lambda", "function:"+cmp.Or(function, "unknown")
		self = source.String()
	}
	found := policy.Function{ARN: self}.Loop(&l.Spec)
	if found == policy.Itself && function == "" {
		return 0
	}
	return found
}
