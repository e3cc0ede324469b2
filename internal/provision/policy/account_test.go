package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/sinks"
)

const role = "arn:aws:iam::210987654321:role/r"

func TestAccounts(t *testing.T) {
	f := bare()
	if a, err := (Function{}).Accounts([]sinks.Spec{spec(t, "type", "redis", "destination", "h", "role", role)}); a != nil || err != nil {
		t.Errorf("no roles: %v, %v", a, err)
	}
	got, err := f.Accounts([]sinks.Spec{
		spec(t, "type", "kinesis", "destination", "s", "role", role, "externalId", "b1"),
		spec(t, "type", "iot", "destination", "x.iot.us-east-1.amazonaws.com#t", "role", role, "externalId", "a1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := Diff(Document{}, got[0].Policy)
	if diff := cmp.Diff([]string{
		"Allow iot:Publish on arn:aws:iot:us-east-1:210987654321:topic/t",
		"Allow kinesis:PutRecords on arn:aws:kinesis:eu-west-1:210987654321:stream/s",
	}, rules); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !Equal(got[0].Trust, RoleTrust(f.RoleARN, "b1", "a1")) {
		t.Errorf("trust: %s", got[0].Trust.JSON())
	}
	// One target lacks an external id.
	got, err = f.Accounts([]sinks.Spec{
		spec(t, "type", "kinesis", "destination", "s", "role", role, "externalId", "b1"),
		spec(t, "type", "kinesis", "destination", "s", "role", role),
	})
	if err != nil || !Equal(got[0].Trust, RoleTrust(f.RoleARN)) {
		t.Errorf("trust: %v, %v", got, err)
	}
}

func TestAccountFaults(t *testing.T) {
	there := spec(t, "type", "kinesis", "destination", "s", "role", role)
	hidden := spec(t, "id", "b", "type", "es", "destination", "es.amazonaws.com#i", "role", role)
	wrong := there
	wrong.Role = "r"
	keyed := bare()
	keyed.Keys = []Key{{ARN: "k", Role: role}}
	for _, tt := range []struct {
		f    Function
		t    sinks.Spec
		want string
	}{
		{Function{ARN: bare().ARN}, there, `the function's role is ""`},
		{Function{ARN: bare().ARN, RoleARN: "arn:aws:iam::1:user/u"}, there, `the function's role is "arn:aws:iam::1:user/u"`},
		{Function{RoleARN: bare().RoleARN}, there, "the function's ARN is"},
		{bare(), hidden, `target "b": the destination`},
		{bare(), wrong, `target "a": the role is "r"`},
		{keyed, there, `the KMS key is "k"`},
	} {
		if _, err := tt.f.Accounts([]sinks.Spec{tt.t}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	var many []sinks.Spec
	for i := range 300 {
		many = append(many, spec(t, "type", "kinesis", "destination", fmt.Sprintf("stream-%03d", i), "role", role))
	}
	if _, err := bare().Accounts(many); !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "the policy of role "+role) {
		t.Errorf("got %v", err)
	}
}
