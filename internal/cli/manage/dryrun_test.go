package manage

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"fanout/internal/provision/cloud"
)

// A dry run's clients send no call that changes something.
func TestRefuseWrites(t *testing.T) {
	called := 0
	cfg := aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""), RetryMaxAttempts: 1,
		HTTPClient: roundTrip(func() { called++ }),
	}
	refuseWrites(&cfg)
	_, err := lambda.NewFromConfig(cfg).DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("orders")})
	if err == nil || !strings.Contains(err.Error(), "a dry run may not call DeleteFunction") || called != 0 {
		t.Errorf("%v after %d calls", err, called)
	}
	if _, err := iam.NewFromConfig(cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("ordersRole")}); err == nil || called != 1 {
		t.Errorf("%v after %d calls, want the failure of one", err, called)
	}
}

// roundTrip is a client that fails, after a call of the function.
type roundTrip func()

// Do implements aws.HTTPClient.
func (r roundTrip) Do(*http.Request) (*http.Response, error) {
	r()
	return nil, errors.New("no network")
}

// Only changes set the exit status, and only in a dry run.
func TestForesee(t *testing.T) {
	for _, tt := range []struct {
		dry     bool
		outcome cloud.Outcome
		want    cloud.Outcome
		changes bool
	}{
		{true, cloud.Created, "would be created", true},
		{true, "would be updated", "would be updated", true},
		{true, cloud.Deleted, "would be deleted", true},
		{true, cloud.Unchanged, cloud.Unchanged, false},
		{true, cloud.Kept, cloud.Kept, false},
		{true, cloud.Given, cloud.Given, false},
		{true, cloud.Foreign, cloud.Foreign, false},
		{true, cloud.Missing, cloud.Missing, false},
		{true, "", "", false},
		{false, cloud.Created, cloud.Created, false},
	} {
		m := Command{DryRun: tt.dry}
		if got := m.Foresee(tt.outcome); got != tt.want || m.foreseen != tt.changes {
			t.Errorf("%v %q: %q, %v", tt.dry, tt.outcome, got, m.foreseen)
		}
	}
}
