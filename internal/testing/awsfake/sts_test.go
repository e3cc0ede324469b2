package awsfake_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fanout/internal/testing/awsfake"
)

// TestAssumeRole asserts that calls with a role's credentials are recognizable.
func TestAssumeRole(t *testing.T) {
	fake, cfg := start(t)
	const role = "arn:aws:iam::123456789012:role/writer"
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
		o.ExternalID = aws.String("tenant-1")
	}))
	if _, err := putRecords(t, assumed, record("k", 1)); err != nil {
		t.Fatal(err)
	}
	calls := fake.Calls()
	if len(calls) != 2 {
		t.Fatalf("calls %+v", calls)
	}
	if c := calls[0]; c.Service != "sts" || c.Operation != "AssumeRole" || c.Destination != role || c.ExternalID != "tenant-1" {
		t.Errorf("call %+v", c)
	}
	if got, want := calls[1].AccessKey, awsfake.AccessKey(role, "tenant-1"); got != want {
		t.Errorf("access key %q; want %q", got, want)
	}
	_, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("writer"), RoleSessionName: aws.String("s"),
	})
	if got := code(t, err); got != "ValidationError" {
		t.Errorf("error %q", got)
	}
}
