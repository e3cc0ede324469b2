package doctor

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// logs checks that there is a log group, and that it does not grow for ever.
func (p *patient) logs(ctx context.Context) []Finding {
	name := p.function.LogGroup
	if name == "" {
		name = "/aws/lambda/" + p.function.Name()
	}
	is := about{"logs", name}
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(p.Logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return []Finding{is.unknown(err)}
		}
		for _, g := range page.LogGroups {
			switch {
			case aws.ToString(g.LogGroupName) != name:
			case g.RetentionInDays == nil:
				return []Finding{is.warning(p.run("deploy", "--log-retention 30"), "logs are kept for ever, and paid for")}
			default:
				return []Finding{is.ok("kept for %d days", *g.RetentionInDays)}
			}
		}
	}
	// The policy that deploy writes has no right to make one.
	return []Finding{is.wrong(p.run("deploy"), "there is none, so what the function says is lost")}
}
