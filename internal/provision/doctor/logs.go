package doctor

import (
	"context"

	"fanout/internal/provision/cloud"
)

// logs checks that a log group exists or will exist, and that its logs expire.
func (p *examination) logs(ctx context.Context) []Finding {
	name := p.function.LogGroup
	if name == "" {
		name = "/aws/lambda/" + p.function.Name()
	}
	is := about{"logs", name}
	g, err := cloud.LogGroup(ctx, p.Logs, name)
	switch {
	case err != nil:
		return []Finding{is.unknown(err)}
	case g == nil:
		return []Finding{p.noLogs(ctx, is)}
	case g.RetentionInDays == nil:
		return []Finding{is.warning(p.run("deploy", "--log-retention", "30"), "logs are kept forever, and you pay for them")}
	}
	return []Finding{is.ok("kept for %d days", *g.RetentionInDays)}
}

// noLogs is the finding for a missing log group. Lambda makes the group when it has
// something to write, if the function's role allows that. The policy that deploy writes
// does not, because deploy makes the group.
func (p *examination) noLogs(ctx context.Context, is about) Finding {
	has, err := p.documents(ctx, cloud.Name(p.function.RoleARN))
	if err != nil {
		return is.warning(p.run("deploy"), "it does not exist, and fanout cannot see whether the role may create it")
	}
	group := p.self
	group.Service, group.Resource = "logs", "log-group:"+is.subject
	if granted("logs:CreateLogGroup", group.String(), nil, has) || granted("logs:CreateLogGroup", group.String()+":*", nil, has) {
		return is.ok("it does not exist yet; Lambda creates it when the function runs")
	}
	return is.warning(p.run("deploy"), "it does not exist and the role may not create it, so the function's logs are lost")
}
