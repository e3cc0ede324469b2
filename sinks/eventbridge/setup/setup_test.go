package setup

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/eventbridge"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	goleak.VerifyTestMain(m)
}

const theirs = "arn:aws:events:eu-west-1:210987654321:event-bus/theirs"

// buses answers for the bus orders, which has rules, the bus quiet without rules, and a bus of
// another account, whose rules cannot be listed.
func buses(t *testing.T) aws.Config {
	t.Helper()
	return awsfake.Config(func(_ context.Context, in any) (any, error) {
		switch in := in.(type) {
		case *eventbridge.DescribeEventBusInput:
			if name := aws.ToString(in.Name); name == "orders" || name == "quiet" || name == theirs {
				return &eventbridge.DescribeEventBusOutput{Name: in.Name}, nil
			}
			return nil, &types.ResourceNotFoundException{Message: aws.String("Event bus does not exist.")}
		case *eventbridge.ListRulesInput:
			out := new(eventbridge.ListRulesOutput)
			switch aws.ToString(in.EventBusName) {
			case "orders":
				out.Rules = []types.Rule{{Name: aws.String("all")}}
			case theirs:
				return nil, errors.New("denied")
			}
			return out, nil
		}
		t.Errorf("%T was called", in)
		return nil, errors.New("unexpected call")
	})
}

func TestLookUp(t *testing.T) {
	if got, err := lookUp(t.Context(), buses(t), "orders", ""); err != nil || got != "orders" {
		t.Errorf("%q, %v", got, err)
	}
	_, err := lookUp(t.Context(), buses(t), "nowhere", "")
	if call, ok := errors.AsType[*account.CallError](err); !ok || !strings.Contains(call.Error(), `the event bus "nowhere" cannot be looked up`) {
		t.Errorf("a bus that does not exist: %v", err)
	}
	for text, want := range map[string]bool{"orders": false, theirs: true} {
		if Type.IsFull(text) != want {
			t.Errorf("%s is full: %v", text, !want)
		}
	}
}

func TestInspect(t *testing.T) {
	for destination, doubt := range map[string]string{"orders": "", "quiet": "the event bus quiet has no rule", theirs: ""} {
		d, err := sink.Parse(destination)
		if err != nil {
			t.Fatal(err)
		}
		state, err := inspect(t.Context(), buses(t), &sinks.Spec{Type: sink.Type, Destination: d})
		if err != nil || state.Fault != "" || !strings.Contains(state.Doubt, doubt) || (state.Doubt == "") != (doubt == "") {
			t.Errorf("%s: %+v, %v", destination, state, err)
		}
		if doubt != "" && !strings.Contains(state.Do, "create a rule") {
			t.Errorf("%s: %q is no remedy", destination, state.Do)
		}
	}
	if _, err := inspect(t.Context(), buses(t), &sinks.Spec{Type: sink.Type, Destination: sinks.Destination{Name: "nowhere"}}); err == nil {
		t.Error("a bus that does not exist is well")
	}
}

// EventBridge encrypts with rights of its own, so there is no key.
func TestType(t *testing.T) {
	if Type.Key != nil || Type.Endpoint(nil) != "events" || !Type.ByName || Type.For != sink.Type {
		t.Errorf("%+v", Type)
	}
	var price map[string]struct {
		Charges []struct {
			Of    string
			Price float64
			Unit  int
		}
	}
	if err := yaml.Unmarshal([]byte(Type.Prices), &price); err != nil {
		t.Fatal(err)
	}
	// An event of each 64 KB is one (EventBridge pricing).
	if c := price["eventbridge"].Charges; len(c) != 1 || c[0].Of != "record" || c[0].Price != 1 || c[0].Unit != 64<<10 {
		t.Errorf("prices: %+v", price)
	}
}
