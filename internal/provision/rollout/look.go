package rollout

import (
	"context"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
	"fanout/internal/provision/role"
)

// Before is the state before a change, as far as it is known.
type Before struct {
	Function *role.Function   // that reads the table; nil: none
	Targets  []registry.Entry // of all sources
	Err      error            // why function or targets are unknown

	ByHand  bool          // the user writes the policy of the function's role
	Role    cloud.Outcome // Missing or Foreign; "": fanout writes the role's policy
	RoleErr error         // why that is unknown
}

// Look looks up a function, by name or ARN, that may read the table. byHand says that
// the user writes the policy of the function's role.
func Look(ctx context.Context, k *role.Manager, function, table string, byHand bool) Before {
	b := Before{ByHand: byHand}
	f, found, err := role.Find(ctx, k.Lambda, function)
	if err != nil || !found || !f.Reads(table) {
		b.Err = err
		return b
	}
	b.Function = &f
	if b.Targets, b.Err = k.Entries(ctx, &f); b.Err == nil && !byHand {
		b.Role, b.RoleErr = k.Role(ctx, &f)
	}
	return b
}
