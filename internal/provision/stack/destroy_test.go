package stack

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/awserr"
	"fanout/internal/provision/hooks"
	"fanout/internal/provision/role"
)

// hooked is a deployed function with two mappings and two subscriptions, one of them
// another function's.
func hooked(t *testing.T) *fake {
	t.Helper()
	f := newFake()
	if _, _, err := deploy(t, f, settings()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"m1", "m2"} {
		f.mappings = append(f.mappings, types.EventSourceMappingConfiguration{UUID: &id, EventSourceArn: aws.String("arn:aws:kinesis:eu-west-1:123456789012:stream/" + id)})
	}
	f.fnPolicy = `{"Statement": [
		{"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:eu-west-1:123456789012:alerts"}}, "Principal": "*"},
		{"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/r"}, "Bool": {"x": true}}}]}`
	f.subs = []snstypes.Subscription{
		{Protocol: aws.String("lambda"), Endpoint: f.function.FunctionArn, SubscriptionArn: aws.String("arn:aws:sns:eu-west-1:123456789012:alerts:1")},
		{Protocol: aws.String("sqs"), Endpoint: aws.String("q"), SubscriptionArn: aws.String("arn:aws:sns:eu-west-1:123456789012:alerts:2")},
	}
	f.attached = []string{"arn:aws:iam::aws:policy/x"}
	f.calls = nil
	return f
}

// destroy lists and deletes in fake time.
func destroy(t *testing.T, f *fake, d DestroyOptions) (lines []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var items []Item
		if items, err = f.stack().Inventory(t.Context(), d); err != nil {
			return
		}
		var things []Resource
		things, err = f.stack().Destroy(t.Context(), items)
		for _, thing := range things {
			lines = append(lines, strings.TrimSpace(thing.Kind+" "+thing.Name+": "+string(thing.Outcome)+" "+thing.Note))
		}
	})
	return lines, err
}

func TestDestroy(t *testing.T) {
	f := hooked(t)
	f.items = append(f.items, item("a", "kinesis", true), item("b", "pigeon", false))
	got, err := destroy(t, f, DestroyOptions{Function: "orders"})
	want := []string{
		"mapping kinesis:m1: deleted", "mapping kinesis:m2: deleted", "subscription alerts: deleted",
		"role ordersRole: deleted", "log group /aws/lambda/orders: deleted",
		"table ordersTargets: deleted 2 targets, 1 active", "ledger table ordersLedger: deleted", "function orders: deleted",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if left := strings.TrimSpace(f.state()); left != "0 1" { // the other function's subscription
		t.Errorf("left: %s", left)
	}
	if got, err := destroy(t, f, DestroyOptions{Function: "orders"}); got != nil || err != nil {
		t.Errorf("nothing is left: %v, %v", got, err)
	}
}

// A destroy whose nth call fails is completed by the next run, for every n.
func TestDestroyAgain(t *testing.T) {
	whole := hooked(t)
	if _, err := destroy(t, whole, DestroyOptions{Function: "orders"}); err != nil {
		t.Fatal(err)
	}
	for n, op := range whole.calls {
		f := hooked(t)
		f.fail = func(string) error {
			if len(f.calls) == n+1 {
				return apiError("AccessDeniedException", "no")
			}
			return nil
		}
		lines, err := destroy(t, f, DestroyOptions{Function: "orders"})
		if op == "Scan" { // it only counts
			if want := "table ordersTargets: deleted its targets cannot be counted"; err != nil || !slices.Contains(lines, want) {
				t.Errorf("without the right to call Scan: %v, %q", err, lines)
			}
			continue
		}
		if !awserr.IsDenied(err) {
			t.Fatalf("call %d, %s: %v", n, op, err)
		}
		// Targets cannot be made again.
		if others := f.role != nil || len(f.groups)+len(f.mappings) > 0; others && len(f.tables) < 2 {
			t.Errorf("after call %d, %s, tables are gone before the rest", n, op)
		}
		f.fail = nil
		if _, err := destroy(t, f, DestroyOptions{Function: "orders"}); err != nil || f.state() != whole.state() {
			t.Errorf("after call %d, %s: %v, left: %s", n, op, err, f.state())
		}
	}
}

func TestDestroyKeeps(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*fake, *DestroyOptions)
		want   []string // the lines that say kept, or deleted policies
	}{
		"flags": {func(_ *fake, d *DestroyOptions) { d.KeepTable, d.KeepRole = true, true },
			[]string{"role ordersRole: kept --keep-role", "table ordersTargets: kept --keep-table", "ledger table ordersLedger: kept --keep-table"}},
		"others'": {func(f *fake, _ *DestroyOptions) {
			f.tables["ordersTargets"].tags, f.tables["ordersLedger"].tags[role.Tag] = nil, "x"
			f.role.Tags, f.groups["/aws/lambda/orders"].tags = nil, nil
		}, []string{
			"role ordersRole: kept " + notCreated, "log group /aws/lambda/orders: kept " + notCreated,
			"table ordersTargets: kept " + notCreated, "ledger table ordersLedger: kept " + notCreated,
		}},
		"used by others": {func(f *fake, _ *DestroyOptions) {
			f.others = []types.FunctionConfiguration{
				using("a0", map[string]string{"FANOUT_TABLE": "another"}),
				using("a1", map[string]string{"FANOUT_TABLE": "ordersTargets"}),
				using("a2", map[string]string{"FANOUT_LEDGER_TABLE": "arn:aws:dynamodb:eu-west-1:123456789012:table/ordersLedger"}),
			}
		}, []string{"table ordersTargets: kept the function a1 uses it", "ledger table ordersLedger: kept the function a2 uses it"}},
		"perhaps used by others": {func(f *fake, _ *DestroyOptions) {
			secret := using("a1", nil)
			secret.Environment = &types.EnvironmentResponse{Error: &types.EnvironmentError{ErrorCode: aws.String("AccessDeniedException")}}
			theirs := secret
			theirs.Runtime = types.RuntimePython313
			theirs.FunctionName = aws.String("a0")
			f.others = []types.FunctionConfiguration{theirs, secret}
		}, []string{
			"table ordersTargets: kept the function a1 may use it; its variables cannot be read",
			"ledger table ordersLedger: kept the function a1 may use it; its variables cannot be read",
		}},
		"regions": {func(f *fake, _ *DestroyOptions) { f.policies["fanout-us-east-1"] = "{}" },
			[]string{"policy fanout-eu-west-1: deleted", "role ordersRole: kept the function in us-east-1 uses it too"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, d := hooked(t), DestroyOptions{Function: "orders"}
			tt.change(f, &d)
			lines, err := destroy(t, f, d)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range lines {
				if strings.Contains(line, ": kept") || strings.HasPrefix(line, "policy") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// using returns a function of fanout with these variables.
func using(name string, variables map[string]string) types.FunctionConfiguration {
	return types.FunctionConfiguration{
		FunctionName: &name, Runtime: types.RuntimeProvidedal2023, Handler: aws.String(handler),
		Environment: &types.EnvironmentResponse{Variables: variables},
	}
}

// A resource that is being changed is waited for; a function that is not fanout's is
// refused; an unreadable resource is reported.
func TestDestroyFaults(t *testing.T) {
	f := hooked(t)
	f.fail = func(op string) error {
		if op == "DeleteEventSourceMapping" && len(f.mappings) == 2 && f.calls[len(f.calls)-2] != op {
			return apiError("ResourceInUseException", "it is being created")
		}
		return nil
	}
	if _, err := destroy(t, f, DestroyOptions{Function: "orders"}); err != nil || len(f.mappings) > 0 {
		t.Error(err)
	}
	f = hooked(t)
	f.mappings[0].State = aws.String("Deleting")
	f.fnPolicy = "{"
	if _, err := destroy(t, f, DestroyOptions{Function: "orders"}); err == nil || !strings.HasPrefix(err.Error(), `the resource policy of the function "orders" cannot be read: `) {
		t.Error(err)
	}
	f.fnPolicy = ""
	if lines, err := destroy(t, f, DestroyOptions{Function: "orders"}); err != nil || lines[0] != "mapping kinesis:m2: deleted" {
		t.Error(lines, err)
	}
	f = hooked(t)
	f.fnTags, f.function.Environment = nil, &types.EnvironmentResponse{Variables: map[string]string{hooks.Variable: "true"}}
	if _, err := destroy(t, f, DestroyOptions{Function: "orders"}); err == nil || err.Error() != `the function "orders" is not a fanout function, so destroy keeps it; to destroy it, add the tag fanout:function=orders` {
		t.Error(err)
	}
	// The function with the ledger's name in its settings is gone.
	f = hooked(t)
	f.function = nil
	lines, err := destroy(t, f, DestroyOptions{Function: "orders", Ledger: "ordersLedger"})
	if err != nil || len(f.tables) > 0 {
		t.Error(lines, err)
	}
}
