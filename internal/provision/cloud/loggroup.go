package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"fanout/internal/pages"
)

// LogGroup returns a log group, nil if there is none.
func LogGroup(ctx context.Context, client cloudwatchlogs.DescribeLogGroupsAPIClient, name string) (*types.LogGroup, error) {
	in := &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name}
	for page, err := range pages.Of(ctx, cloudwatchlogs.NewDescribeLogGroupsPaginator(client, in)) {
		if err != nil {
			return nil, fmt.Errorf("the log group %q cannot be looked up: %w", name, err)
		}
		for i := range page.LogGroups {
			if aws.ToString(page.LogGroups[i].LogGroupName) == name {
				return &page.LogGroups[i], nil
			}
		}
	}
	return nil, nil
}
