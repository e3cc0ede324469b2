package setup

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/stepfunctions"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	goleak.VerifyTestMain(m)
}

const (
	orders = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"
	key1   = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// machines answers for two pages of state machines. orders is encrypted, and gone is being deleted.
func machines(t *testing.T) aws.Config {
	t.Helper()
	return awsfake.Config(func(_ context.Context, in any) (any, error) {
		switch in := in.(type) {
		case *sfn.ListStateMachinesInput:
			item := func(name string) types.StateMachineListItem {
				return types.StateMachineListItem{Name: &name, StateMachineArn: aws.String(strings.Replace(orders, "orders", name, 1))}
			}
			if in.NextToken == nil {
				return &sfn.ListStateMachinesOutput{StateMachines: []types.StateMachineListItem{item("ordersOld"), item("gone")}, NextToken: aws.String("2")}, nil
			}
			return &sfn.ListStateMachinesOutput{StateMachines: []types.StateMachineListItem{item("orders")}}, nil
		case *sfn.DescribeStateMachineInput:
			switch arn := aws.ToString(in.StateMachineArn); {
			case arn == orders:
				return &sfn.DescribeStateMachineOutput{Status: types.StateMachineStatusActive, EncryptionConfiguration: &types.EncryptionConfiguration{
					Type: types.EncryptionTypeCustomerManagedKmsKey, KmsKeyId: aws.String(key1),
				}}, nil
			case strings.HasSuffix(arn, ":gone"):
				return &sfn.DescribeStateMachineOutput{Status: types.StateMachineStatusDeleting}, nil
			}
			return nil, &types.StateMachineDoesNotExist{}
		}
		t.Errorf("%T was called", in)
		return nil, errors.New("unexpected call")
	})
}

func TestLookUp(t *testing.T) {
	if got, err := lookUp(t.Context(), machines(t), "orders", ""); err != nil || got != orders {
		t.Errorf("%q, %v", got, err)
	}
	_, err := lookUp(t.Context(), machines(t), "order", "")
	if call, ok := errors.AsType[*account.CallError](err); !ok || !strings.Contains(call.Error(), "none of that name in this account and region") {
		t.Errorf("the beginning of a name: %v", err)
	}
	denied := awsfake.Config(func(context.Context, any) (any, error) { return nil, errors.New("denied") })
	if _, err = lookUp(t.Context(), denied, "orders", ""); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("without the right: %v", err)
	}
	for text, want := range map[string]bool{"orders": false, orders: true} {
		if Type.IsFull(text) != want {
			t.Errorf("%s is full: %v", text, !want)
		}
	}
}

func spec(t *testing.T, arn string) *sinks.Spec {
	t.Helper()
	d, err := sink.Parse(arn)
	if err != nil {
		t.Fatal(err)
	}
	return &sinks.Spec{Type: sink.Type, Destination: d}
}

// An alias has the status and the key of its machine.
func TestInspect(t *testing.T) {
	gone := strings.Replace(orders, "orders", "gone", 1)
	for _, tt := range []struct{ arn, fault, key string }{{orders, "", key1}, {orders + ":live", "", key1}, {gone, "deleting", ""}} {
		state, err := inspect(t.Context(), machines(t), spec(t, tt.arn))
		if err != nil || !strings.Contains(strings.ToLower(state.Fault), tt.fault) || (state.Fault == "") != (tt.fault == "") {
			t.Errorf("%s: %+v, %v", tt.arn, state, err)
		}
		if got, err := key(t.Context(), machines(t), sinks.Place{}, spec(t, tt.arn)); err != nil || got != tt.key {
			t.Errorf("%s has the key %q, %v", tt.arn, got, err)
		}
	}
	none := spec(t, strings.Replace(orders, "orders", "none", 1))
	if _, err := inspect(t.Context(), machines(t), none); err == nil {
		t.Error("a machine that does not exist is well")
	}
	if _, err := key(t.Context(), machines(t), sinks.Place{}, none); err == nil {
		t.Error("a machine that does not exist has a key")
	}
}

func TestType(t *testing.T) {
	if Type.Endpoint(nil) != "states" || Type.For != sink.Type {
		t.Errorf("%+v", Type)
	}
	var price map[string]struct {
		Charges []struct {
			Of    string
			Price float64
		}
	}
	if err := yaml.Unmarshal([]byte(Type.Prices), &price); err != nil {
		t.Fatal(err)
	}
	// Requests of express machines cost $1.00 per million (Step Functions pricing).
	if c := price["stepfunctions"].Charges; len(c) != 1 || c[0].Of != "request" || c[0].Price != 1 {
		t.Errorf("prices: %+v", price)
	}
	var latency map[string]struct{ P50, P99 string }
	if err := yaml.Unmarshal([]byte(Type.Latencies), &latency); err != nil || latency["stepfunctions"].P50 == "" || latency["stepfunctions"].P99 == "" {
		t.Errorf("latencies: %+v, %v", latency, err)
	}
}
