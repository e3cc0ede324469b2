package stack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
	"fanout/internal/provision/policy"
	"fanout/internal/provision/role"
)

func settings() Settings {
	return Settings{
		Function: "orders", Ledger: aws.String("ordersLedger"),
		Package: func(arch string) (code.Package, error) { return code.Package("code for " + arch), nil },
		Adopt:   func(*Replaced) error { return errors.New("declined") },
		Adopted: func(*Replaced) {},
	}
}

// deploy runs in fake time, and returns the outcomes by kind and name.
func deploy(t *testing.T, f *fake, set Settings) (got map[string]cloud.Outcome, d Deployed, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { d, err = f.stack().Deploy(t.Context(), set) })
	got = make(map[string]cloud.Outcome)
	for _, thing := range d.Resources {
		got[thing.Kind+" "+thing.Name] = thing.Outcome
	}
	return got, d, err
}

func all(o cloud.Outcome) map[string]cloud.Outcome {
	return map[string]cloud.Outcome{
		"table ordersTargets": o, "ledger table ordersLedger": o, "role ordersRole": o,
		"policy fanout-eu-west-1": o, "log group /aws/lambda/orders": o, "function orders": o,
	}
}

func TestDeploy(t *testing.T) {
	f := newFake()
	got, _, err := deploy(t, f, settings())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all(cloud.Created), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !f.tables["ordersTargets"].pitr || f.tables["ordersLedger"].pitr || f.tables["ordersLedger"].ttl != "expires" || *f.groups["/aws/lambda/orders"].days != 30 {
		t.Error(f.state())
	}
	before := f.state()
	f.writes = 0
	if got, _, err = deploy(t, f, settings()); err != nil || f.writes != 0 || f.state() != before {
		t.Errorf("the second run: %v, %d writes", err, f.writes)
	}
	if diff := cmp.Diff(all(cloud.Unchanged), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A deploy whose nth call fails reports it in one sentence, and the next run completes
// it, for every n. The state then equals that of one run without a failure.
func TestDeployAgain(t *testing.T) {
	whole := newFake()
	if _, _, err := deploy(t, whole, withQueue("failures")); err != nil {
		t.Fatal(err)
	}
	for n := range whole.calls {
		f := newFake()
		f.fail = func(string) error {
			if len(f.calls) == n+1 {
				return apiError("AccessDeniedException", "no")
			}
			return nil
		}
		_, d, err := deploy(t, f, withQueue("failures"))
		if whole.calls[n] == "GetFunctionEventInvokeConfig" { // one right of many, which the policy then keeps
			if err != nil || !strings.Contains(fmt.Sprint(d.Resources), "asynchronous invocations cannot be read") {
				t.Errorf("without the right to call %s: %v, %v", whole.calls[n], d.Resources, err)
			}
			continue
		}
		if err == nil || !awserr.IsDenied(err) || !strings.Contains(awserr.Plain(err), ": AWS does not allow Fake "+whole.calls[n]+" (AccessDeniedException)") {
			t.Fatalf("call %d, %s: %v", n, whole.calls[n], awserr.Plain(err))
		}
		f.fail = nil
		if _, _, err := deploy(t, f, withQueue("failures")); err != nil {
			t.Fatalf("after call %d, %s: %v", n, whole.calls[n], err)
		}
		if diff := cmp.Diff(whole.state(), f.state()); diff != "" {
			t.Errorf("after call %d, %s: -want +got:\n%s", n, whole.calls[n], diff)
		}
	}
}

// Settings without a flag stay; each flag changes its own setting.
func TestDeployChanges(t *testing.T) {
	f := newFake()
	if _, _, err := deploy(t, f, settings()); err != nil {
		t.Fatal(err)
	}
	zero := 0
	for _, tt := range []struct {
		name   string
		change func(*Settings)
		kinds  []string // updated kinds
		check  func() bool
	}{
		{"memory", func(s *Settings) { s.Memory = 256 }, []string{"function"}, func() bool { return *f.function.MemorySize == 256 }},
		{"timeout", func(s *Settings) { s.Timeout = 60 }, []string{"function"}, func() bool { return *f.function.Timeout == 60 && *f.function.MemorySize == 256 }},
		{"architecture", func(s *Settings) { s.Architecture = types.ArchitectureX8664 }, []string{"function"}, func() bool { return f.function.Architectures[0] == "x86_64" }},
		{"environment", func(s *Settings) { s.Environment = map[string]string{"FANOUT_METRICS": "none"} }, []string{"policy", "function"},
			func() bool { return f.function.Environment.Variables["FANOUT_METRICS"] == "none" }},
		{"network", func(s *Settings) { s.Network = &Network{[]string{"b", "a"}, []string{"g"}} }, []string{"policy", "function"},
			func() bool { return len(f.function.VpcConfig.SubnetIds) == 2 }},
		{"same network", func(s *Settings) { s.Network = &Network{[]string{"a", "b"}, []string{"g"}} }, nil, func() bool { return true }},
		{"no network", func(s *Settings) { s.Network = &Network{} }, []string{"policy", "function"}, func() bool { return len(f.function.VpcConfig.SubnetIds) == 0 }},
		{"tracing", func(s *Settings) { s.Tracing = new(true) }, []string{"policy", "function"},
			func() bool {
				return f.function.TracingConfig.Mode == "Active" && f.function.Environment.Variables["FANOUT_TRACING"] == "xray" && strings.Contains(f.policies["fanout-"+region], "xray:PutTraceSegments")
			}},
		{"tracing as it is", func(*Settings) {}, nil, func() bool { return f.function.TracingConfig.Mode == "Active" }},
		{"no tracing", func(s *Settings) { s.Tracing = new(false) }, []string{"policy", "function"},
			func() bool {
				return f.function.TracingConfig.Mode == "PassThrough" && f.function.Environment.Variables["FANOUT_TRACING"] == "" && !strings.Contains(f.policies["fanout-"+region], "xray:")
			}},
		{"Lambda's own tracing", func(s *Settings) {
			f.function.TracingConfig.Mode, s.Memory = types.TracingModeActive, 512
		}, []string{"function"}, func() bool { return f.function.TracingConfig.Mode == "Active" }},
		{"tracing by variable", func(s *Settings) {
			f.function.TracingConfig.Mode, s.Memory = types.TracingModePassThrough, 256
			s.Environment = map[string]string{"FANOUT_TRACING": "xray"}
		}, []string{"policy", "function"}, func() bool { return f.function.TracingConfig.Mode == "Active" }},
		{"retention", func(s *Settings) { s.Retention = &zero }, []string{"log group"}, func() bool { return f.groups["/aws/lambda/orders"].days == nil }},
		{"code", func(s *Settings) {
			s.Package = func(string) (code.Package, error) { return code.Package("other"), nil }
		}, []string{"function"},
			func() bool { return *f.function.CodeSha256 == code.Package("other").SHA256() }},
		{"by ARN", func(s *Settings) { s.Function = *f.function.FunctionArn }, []string{"function"}, func() bool { return *f.function.MemorySize == 256 }},
		{"billing", func(*Settings) {
			f.tables["ordersTargets"].BillingModeSummary = &dbtypes.BillingModeSummary{BillingMode: dbtypes.BillingModeProvisioned}
			f.tables["ordersTargets"].SSEDescription = nil
		}, []string{"table"}, func() bool { return f.tables["ordersTargets"].SSEDescription.Status == dbtypes.SSEStatusEnabled }},
		{"trust", func(*Settings) { f.role.AssumeRolePolicyDocument = aws.String("{}") }, []string{"role"},
			func() bool { return *f.role.AssumeRolePolicyDocument == policy.Trust().JSON() }},
		{"role gone", func(*Settings) { f.role = nil; f.policies = map[string]string{} }, []string{"function"}, func() bool { return f.role != nil }},
		{"ledger", func(s *Settings) { s.Ledger = aws.String("") }, []string{"policy", "function"},
			func() bool { return f.function.Environment.Variables["FANOUT_LEDGER_TABLE"] == "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := settings()
			set.Ledger = nil
			tt.change(&set)
			got, _, err := deploy(t, f, set)
			if err != nil {
				t.Fatal(err)
			}
			var updated []string
			for thing, outcome := range got {
				if outcome == cloud.Updated {
					updated = append(updated, thing[:strings.LastIndexByte(thing, ' ')])
				}
			}
			slices.Sort(updated)
			slices.Sort(tt.kinds)
			if diff := cmp.Diff(tt.kinds, updated); diff != "" || !tt.check() {
				t.Errorf("-want +got:\n%s\n%s", diff, f.state())
			}
		})
	}
}

// Lambda may use a new role only after a delay in IAM.
func TestDeployWaitsForIAM(t *testing.T) {
	refusal := apiError("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	f := newFake()
	refusals := 5
	f.fail = func(op string) error {
		if op == "CreateFunction" && refusals > 0 {
			refusals--
			return refusal
		}
		if op == "PutRolePolicy" && !slices.Contains(f.calls[:len(f.calls)-1], op) {
			return noEntity()
		}
		if op == "UpdateContinuousBackups" && !slices.Contains(f.calls[:len(f.calls)-1], op) {
			return apiError("ContinuousBackupsUnavailableException", "being enabled")
		}
		return nil
	}
	var waits []string
	synctest.Test(t, func(t *testing.T) {
		s := f.stack()
		s.OnWait = func(what string) { waits = append(waits, what) }
		if _, err := s.Deploy(t.Context(), settings()); err != nil {
			t.Error(err)
		}
	})
	if diff := cmp.Diff([]string{`IAM to let Lambda use the role "ordersRole"`}, waits); diff != "" || f.function == nil {
		t.Errorf("-want +got:\n%s", diff)
	}
	f = newFake()
	f.fail = func(op string) error {
		if op == "CreateFunction" {
			return refusal
		}
		return nil
	}
	_, _, err := deploy(t, f, settings())
	if err == nil || !strings.Contains(err.Error(), "cannot be assumed") || !strings.HasPrefix(err.Error(), `the function "orders" cannot be created: `) {
		t.Error(err)
	}
}

func TestDeployFaults(t *testing.T) {
	deployed := func(change func(*fake, *Settings)) error {
		f, set := newFake(), settings()
		if _, _, err := deploy(t, f, set); err != nil {
			t.Fatal(err)
		}
		f.writes = 0
		change(f, &set)
		_, _, err := deploy(t, f, set)
		if f.writes > 0 && err != nil && !strings.Contains(err.Error(), "orders\" c") {
			t.Errorf("%d writes before %v", f.writes, err)
		}
		return err
	}
	for name, tt := range map[string]struct {
		change func(*fake, *Settings)
		want   string
	}{
		"state failed": {func(f *fake, s *Settings) {
			s.Memory = 256
			f.function.State, f.function.StateReason, f.function.StateReasonCode = types.StateFailed, aws.String("No subnet."), types.StateReasonCodeInvalidSubnet
		}, `the function "orders" cannot run: No subnet (InvalidSubnet)`},
		"update failed": {func(f *fake, s *Settings) {
			s.Memory = 256
			f.function.LastUpdateStatus, f.function.LastUpdateStatusReason, f.function.LastUpdateStatusReasonCode = types.LastUpdateStatusFailed, aws.String("No role"), types.LastUpdateStatusReasonCodeInternalError
		}, `the function "orders" could not be updated: No role (InternalError)`},
		"pending forever": {func(f *fake, _ *Settings) { f.pending = 1000 }, `takes longer than 5m0s; run the command again to continue`},
		"another's":       {func(f *fake, _ *Settings) { f.fnTags, f.function.Environment = nil, nil }, "declined"},
		"image": {func(f *fake, _ *Settings) { f.function.PackageType = types.PackageTypeImage },
			`the function "orders" is a container image, so deploy cannot replace its code; name another function with --function`},
		"no package": {func(_ *fake, s *Settings) {
			s.Package = func(string) (code.Package, error) { return nil, code.ErrAbsent }
		}, code.ErrAbsent.Error()},
		"no such ARN": {func(_ *fake, s *Settings) { s.Function = "arn:aws:lambda:eu-west-1:123456789012:function:none" },
			"there is no function arn:aws:lambda:eu-west-1:123456789012:function:none; to create a function, name it with --function"},
		"deleting": {func(f *fake, _ *Settings) { f.tables["ordersTargets"].TableStatus = dbtypes.TableStatusDeleting },
			`the table "ordersTargets" is DELETING; try again when it is ACTIVE or gone`},
		"keys": {func(f *fake, _ *Settings) { f.tables["ordersTargets"].KeySchema = nil },
			`the keys of the table "ordersTargets" are not sourceArn (hash, S) and id (range, S); name another table with --table`},
		"environment": {func(_ *fake, s *Settings) { s.Environment = map[string]string{"FANOUT_IN_FLIGHT": "x"} }, `the function "orders" is misconfigured: `},
		"no role": {func(f *fake, s *Settings) { f.role = nil; s.LeaveIAM = true },
			`the role "ordersRole" does not exist, and --no-iam does not create it; create it yourself, or name another role with --exec-role`},
		"not a role": {func(_ *fake, s *Settings) { s.Role, s.LeaveIAM = "arn:aws:iam::123456789012:user/x", true },
			`the role is "arn:aws:iam::123456789012:user/x"; it must be an ARN like arn:aws:iam::123456789012:role/name`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := deployed(tt.change); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Roles and tables of other owners are left alone; by ARN they are not looked at.
func TestDeployForeign(t *testing.T) {
	f := newFake()
	if _, _, err := deploy(t, f, settings()); err != nil {
		t.Fatal(err)
	}
	f.role.Tags = []iamtypes.Tag{{Key: aws.String(role.Tag), Value: aws.String("another")}}
	delete(f.tables["ordersTargets"].tags, role.Tag)
	f.tables["ordersTargets"].pitr = false
	maps.DeleteFunc(f.policies, func(string, string) bool { return true })
	_, d, err := deploy(t, f, settings())
	if err != nil || len(f.policies) > 0 || f.tables["ordersTargets"].pitr {
		t.Fatalf("%v: %s", err, f.state())
	}
	var notes []string
	for _, thing := range d.Resources {
		if thing.Note != "" {
			notes = append(notes, thing.Kind+": "+thing.Note)
		}
	}
	want := []string{
		"table: not created by fanout deploy, so its settings stay unchanged",
		"role: not created by fanout deploy for this function, so its policies stay unchanged; fanout policy prints the policy that it needs",
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	f = newFake()
	set := settings()
	set.Role, set.Table, set.Ledger = "arn:aws:iam::123456789012:role/path/r", "arn:aws:dynamodb:eu-west-1:123456789012:table/t", nil
	got, _, err := deploy(t, f, set)
	want2 := map[string]cloud.Outcome{"table t": cloud.Given, "role r": cloud.Given, "log group /aws/lambda/orders": cloud.Created, "function orders": cloud.Created}
	if diff := cmp.Diff(want2, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	for _, op := range f.calls {
		if strings.Contains(op, "Role") || strings.Contains(op, "Table") || op == "Scan" {
			t.Errorf("%s was called", op)
		}
	}
	set.LeaveIAM = true
	_, d, err = deploy(t, f, set)
	if err != nil || d.Policy == nil || !strings.Contains(d.Policy.JSON(), "table/t") {
		t.Errorf("%v: %+v", err, d.Policy)
	}
}

// An existing log group keeps its retention.
func TestLogGroupOfOthers(t *testing.T) {
	f := newFake()
	f.groups["/aws/lambda/orders"] = &group{}
	if _, _, err := deploy(t, f, settings()); err != nil || f.groups["/aws/lambda/orders"].days != nil {
		t.Errorf("%v: %s", err, f.state())
	}
	days := 90
	set := settings()
	set.Retention = &days
	if _, _, err := deploy(t, f, set); err != nil || *f.groups["/aws/lambda/orders"].days != 90 {
		t.Errorf("%v: %s", err, f.state())
	}
}

func ExampleSettings() {
	set := Settings{Function: "orders"}
	p := set.plan(nil, "")
	fmt.Println(p.role, p.table, p.memory, p.timeout, p.architecture)
	// Output: ordersRole ordersTargets 128 30 arm64
}

// A function that Lambda failed to make or update is written again though nothing
// differs: the doctor proposes this remedy.
func TestDeployAfterAFailure(t *testing.T) {
	for _, broken := range []func(*types.FunctionConfiguration){
		func(c *types.FunctionConfiguration) { c.State = types.StateFailed },
		func(c *types.FunctionConfiguration) { c.LastUpdateStatus = types.LastUpdateStatusFailed },
	} {
		f := newFake()
		if _, _, err := deploy(t, f, settings()); err != nil {
			t.Fatal(err)
		}
		broken(f.function)
		f.heals = true
		got, _, err := deploy(t, f, settings())
		if err != nil || got["function orders"] != cloud.Updated {
			t.Errorf("the function is %s: %v", got["function orders"], err)
		}
	}
}
