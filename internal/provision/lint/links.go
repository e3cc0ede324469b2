package lint

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/internal/provision/policy"
	"fanout/lambda/target"
)

// links calls say with the findings about what a target refers to: its fallback, and its own
// source as the destination.
func links(l *target.Loaded, all []target.Loaded, say func(fault bool, f target.Fault)) {
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
	if !loops(l) {
		return
	}
	const text = "is the target's own source, so its records come again and again; name another one"
	if l.Spec.Destination.ARN != "" {
		say(grave, l.Fault("destination", text))
	} else {
		say(false, l.Fault("destination", text+", or its ARN if it is in another account"))
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

// loops reports whether the destination of a target is its source. A destination without an
// account is taken to be in the source's.
func loops(l *target.Loaded) bool {
	source, err := arn.Parse(l.Spec.SourceARN)
	if err != nil || len(l.Faults) > 0 {
		return false
	}
	source.Service, source.Resource = "lambda", "function:fanout"
	return policy.Function{ARN: source.String()}.Loops(&l.Spec)
}
