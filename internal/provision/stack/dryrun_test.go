package stack

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
	"fanout/internal/provision/role"
)

// A dry run writes nothing, and foresees the outcome and the changes of the real run.
func TestDeployDryRun(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(*fake) // what happened since the last deploy
		set    func(*Settings)
		same   bool // nothing would change
	}{
		{"nothing", nil, nil, true},
		{"memory", nil, func(s *Settings) { s.Memory = 512 }, false},
		{"code", nil, func(s *Settings) {
			s.Package = func(string) (code.Package, error) { return code.Package("newer"), nil }
		}, false},
		{"architecture", nil, func(s *Settings) { s.Architecture = types.ArchitectureX8664 }, false},
		{"network", nil, func(s *Settings) { s.Network = &Network{[]string{"subnet-1"}, []string{"sg-1"}} }, false},
		{"variables", nil, func(s *Settings) { s.Environment = map[string]string{"FANOUT_METRICS": "emf", "TOKEN": "secret"} }, false},
		{"retention", nil, func(s *Settings) { s.Retention = aws.Int(7) }, false},
		{"other tables", nil, func(s *Settings) { s.Table, s.Ledger = "more", aws.String("more-ledger") }, false},
		{"no function", func(f *fake) { f.function, f.fnTags = nil, nil }, nil, false},
		{"no role", func(f *fake) { f.role = nil; clear(f.policies) }, nil, false},
		{"no policy", func(f *fake) { clear(f.policies) }, nil, false},
		{"no target table", func(f *fake) { delete(f.tables, "ordersTargets") }, nil, false},
		{"table by hand", func(f *fake) {
			table := f.tables["ordersTargets"]
			table.pitr, table.SSEDescription = false, &dbtypes.SSEDescription{Status: dbtypes.SSEStatusDisabled}
			table.BillingModeSummary = &dbtypes.BillingModeSummary{BillingMode: dbtypes.BillingModeProvisioned}
			f.tables["ordersLedger"].ttl = ""
		}, nil, false},
		{"role trusts another", func(f *fake) { f.role.AssumeRolePolicyDocument = aws.String("{}") }, nil, false},
		{"no log group", func(f *fake) { clear(f.groups) }, nil, false},
		{"no tag", func(f *fake) { delete(f.fnTags, role.Tag) }, nil, false},
		{"failed update", func(f *fake) { f.function.LastUpdateStatus = types.LastUpdateStatusFailed; f.heals = true }, nil, false},
		{"another program", func(f *fake) {
			f.function.Runtime, f.fnTags = types.RuntimeNodejs22x, nil
		}, func(s *Settings) { s.Adopt = func(*Replaced) error { return nil } }, false},
		{"empty account", func(f *fake) { *f = *newFake() }, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			if _, _, err := deploy(t, f, settings()); err != nil {
				t.Fatal(err)
			}
			set := settings()
			if tt.before != nil {
				tt.before(f)
			}
			if tt.set != nil {
				tt.set(&set)
			}
			state := f.state()
			f.writes = 0
			var dry Deployed
			synctest.Test(t, func(t *testing.T) {
				s := f.stack()
				s.DryRun = true
				var err error
				if dry, err = s.Deploy(t.Context(), set); err != nil {
					t.Fatal(err)
				}
			})
			if f.writes != 0 || f.state() != state {
				t.Errorf("it made %d writes: %v", f.writes, f.calls)
			}
			_, done, err := deploy(t, f, set)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(foreseen(done.Resources), foreseen(dry.Resources)); diff != "" {
				t.Errorf("-real +dry:\n%s", diff)
			}
			if dry.Changes() == tt.same || done.Changes() == tt.same {
				t.Errorf("changes %v, foreseen %v", done.Changes(), dry.Changes())
			}
		})
	}
}

// foreseen returns resources as a dry run knows them, without the ARNs of new ones.
func foreseen(all []Resource) []Resource {
	all = slices.Clone(all)
	for i := range all {
		all[i].Outcome, all[i].ARN = all[i].Outcome.Foreseen(), ""
		if all[i].Kind == "version" {
			all[i].Name, all[i].Note = "orders", ""
		}
		all[i].Changes = slices.DeleteFunc(slices.Clone(all[i].Changes), func(c cloud.Change) bool { return c.After == "a new role" || c.Name == "exec-role" })
	}
	return all
}
