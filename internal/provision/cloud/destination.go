package cloud

import (
	"context"
	"errors"

	"fanout/internal/awserr"
	"fanout/sinks"
	awsaccount "fanout/sinks/account"
	"fanout/sinks/builtin/setup"
)

// Destination returns the value of the attribute destination for a target of type t.
// The user gives either a name, which must exist in the region of a, or the full form,
// which is taken as it is. part is the part of the destination that has its own flag.
func (a *Account) Destination(ctx context.Context, t *sinks.Type, name, part string) (string, error) {
	known := setup.Of(t)
	if Full(t, name) {
		if known.Part == nil {
			return name, nil
		}
		return known.Part.Join(name, part), nil
	}
	text, err := known.LookUp(ctx, a.cfg, name, part)
	if failed, ok := errors.AsType[*awsaccount.CallError](err); ok && awserr.IsMissing(failed.Err) {
		return text, a.missing(failed.What, failed.Name)
	}
	return text, err
}

// Full reports whether text is a complete destination that needs no lookup.
func Full(t *sinks.Type, text string) bool {
	known := setup.Of(t)
	return known.LookUp == nil || known.IsFull(text)
}

// ByName reports whether the function takes destinations of type t by name.
func ByName(t *sinks.Type) bool { return setup.Of(t).ByName }
