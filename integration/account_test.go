//go:build integration

package integration

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// TestAcrossAccountsAndRegions asserts that a target with a role and a region delivers to
// the role's account in that region.
func TestAcrossAccountsAndRegions(t *testing.T) {
	here := connect(t)
	const role = "arn:aws:iam::210987654321:role/delivery"
	cfg := here.cfg.Copy()
	cfg.Region = "us-east-1"
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(here.cfg), role))
	there := services{sqs: sqs.NewFromConfig(cfg)}
	here.createQueue(t, "accounts")
	there.createQueue(t, "accounts")

	stream := arnOf("kinesis", "stream/orders")
	puts, want := orders(t, 1, 4)
	file := targetsFile(t, stream, target{
		"type": "sqs", "destination": "arn:aws:sqs:us-east-1:210987654321:accounts", "collapse": "none",
		"role": role, "externalId": "made-up",
	})
	fanout(t, "run", "--targets", file, "--event", kinesisEvent(t, stream, puts...))
	if diff := cmp.Diff(sorted(want.data), sorted(there.messages(t, "accounts"))); diff != "" {
		t.Error(diff)
	}
	if messages := here.messages(t, "accounts"); messages != nil {
		t.Errorf("the queue of the same name in the function's account has %q", messages)
	}
}
