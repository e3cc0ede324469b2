package policy

import (
	"fmt"
	"slices"
	"strings"

	"fanout/sinks"
)

// roleOf returns the role that delivers to a target; "": the function's own. The role of a
// target without AWS credentials has no effect.
func roleOf(t *sinks.Spec) string {
	if t.Type != nil && t.Type.NoAWS {
		return ""
	}
	return t.Role
}

// target allows the calls that deliver to t.
func (b *builder) target(t *sinks.Spec) error {
	switch {
	case t.Type == nil, t.Type.Rights == nil && !t.Type.NoAWS:
		return fmt.Errorf("target %q: nothing is known of the rights that type %q needs", t.ID, t.Type)
	case t.Type.Rights == nil:
		return nil
	}
	rights, err := t.Type.Rights(b.owner.at(), t)
	if err != nil {
		return fmt.Errorf("target %q: %w", t.ID, err)
	}
	for _, r := range rights {
		if other, ok := b.sends[r.Sid]; ok && !slices.Equal(other.actions, Strings(r.Actions)) {
			return fmt.Errorf("target %q: two types of targets have a statement %q with different actions; rename one of them", t.ID, r.Sid)
		}
		b.send(r.Sid, r.Actions, r.Resource)
	}
	return nil
}

// at is the place of the rights.
func (o owner) at() sinks.Place {
	return sinks.Place{Partition: o.ARN.Partition, Region: o.ARN.Region, Account: o.ARN.AccountID}
}

// secretARN returns the ARN of a secret as a resource. Secrets Manager adds a hyphen
// and six characters to a name, which the given ARN may lack (Secrets Manager guide,
// What's in a secret, ARN).
func secretARN(secret string) string {
	i := strings.LastIndexByte(secret, '-')
	if i < 0 || len(secret)-i-1 != len("AbCdEf") {
		return sinks.Literal(secret) + "-??????"
	}
	return sinks.Literal(secret)
}
