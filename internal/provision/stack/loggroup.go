package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/role"
)

// Retentions are the numbers of days that CloudWatch Logs can keep logs for
// (CloudWatch Logs API, PutRetentionPolicy).
var Retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// DefaultRetention is the retention, in days, of the logs of a new function.
const DefaultRetention = 30

// logGroup makes the function's log group. It sets the retention if that is given, and
// for a new function; a default never expires logs that a user has already. 0 keeps
// them forever.
func (s *Stack) logGroup(ctx context.Context, name, function string, retention *int, fresh bool) (Resource, error) {
	t := Resource{Kind: "log group", Name: name, Outcome: cloud.Unchanged}
	has, err := cloud.LogGroup(ctx, s.Logs, name)
	if err != nil {
		return t, err
	}
	want := DefaultRetention
	if retention != nil {
		want = *retention
	}
	if has == nil {
		if t.Outcome = cloud.Created; s.DryRun {
			return t, nil
		}
		_, err := s.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: tags(function)})
		if err != nil && !awserr.HasCode(err, "ResourceAlreadyExistsException") {
			return t, fmt.Errorf("the log group %q cannot be created: %w", name, err)
		}
		return t, s.retain(ctx, name, 0, want)
	}
	t.ARN = logGroupARN(has)
	if retention == nil {
		// A group that deploy made but that has no retention yet comes from a run that
		// ended before it made the function.
		ours, err := s.madeLogGroup(ctx, has, function)
		if err != nil || !ours || !fresh || has.RetentionInDays != nil {
			return t, err
		}
	}
	if days := int(aws.ToInt32(has.RetentionInDays)); days != want {
		t.Outcome, t.Changes = cloud.Updated, []cloud.Change{cloud.Changed("log-retention", inDays(days), inDays(want))}
		if s.DryRun {
			return t, nil
		}
		return t, s.retain(ctx, name, days, want)
	}
	return t, nil
}

// inDays is a retention as text.
func inDays(n int) string {
	if n == 0 {
		return "forever"
	}
	return fmt.Sprintf("%d days", n)
}

// retain sets the retention of a log group in days; 0: forever.
func (s *Stack) retain(ctx context.Context, name string, has, want int) (err error) {
	switch {
	case want != 0:
		_, err = s.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName: &name, RetentionInDays: aws.Int32(int32(want)), //nolint:gosec // one of Retentions
		})
	case has != 0:
		_, err = s.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &name})
	}
	if err != nil {
		return fmt.Errorf("the retention of the log group %q cannot be set: %w", name, err)
	}
	return nil
}

// logGroupARN returns the ARN in the form of ListTagsForResource, without the :* at the
// end that other calls need.
func logGroupARN(g *types.LogGroup) string {
	if g.LogGroupArn != nil {
		return *g.LogGroupArn
	}
	return strings.TrimSuffix(aws.ToString(g.Arn), ":*")
}

// madeLogGroup reports whether deploy made a log group for a function.
func (s *Stack) madeLogGroup(ctx context.Context, g *types.LogGroup, function string) (bool, error) {
	out, err := s.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(logGroupARN(g))})
	if err != nil {
		return false, fmt.Errorf("the tags of the log group %q cannot be read: %w", aws.ToString(g.LogGroupName), err)
	}
	return out.Tags[role.Tag] == function, nil
}
