package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"fanout/cmd/fanout/internal/cloud"
)

// mappings checks the event source mappings.
func (p *patient) mappings(context.Context) []Finding {
	if p.hooksErr != nil {
		return []Finding{p.is("mappings").unknown(p.hooksErr)}
	}
	var found []Finding
	for i := range p.hooks {
		found = append(found, p.mapping(&p.hooks[i])...)
	}
	return found
}

func (p *patient) mapping(m *types.EventSourceMappingConfiguration) []Finding {
	source := aws.ToString(m.EventSourceArn)
	is := about{"mapping", Source(source)}
	var found []Finding
	switch state := aws.ToString(m.State); state {
	case "Enabled":
	case "Disabled":
		found = append(found, is.warning(p.run("resume", "--source-arn", source), "it is paused"))
	default: // Creating, Enabling, Disabling, Updating
		found = append(found, is.warning("wait a minute", "its state is %s", state))
	}
	// "No records processed", "OK", or "PROBLEM: …" (Lambda guide, Troubleshooting).
	if result := aws.ToString(m.LastProcessingResult); strings.HasPrefix(result, "PROBLEM") {
		found = append(found, is.wrong("look into the function's log, and at the rights of its role", "Lambda says %q", result))
	}
	if gives, bound := givesUp(m); gives && onFailure(m) == "" {
		found = append(found, is.wrong(p.run("hook", "--source-arn", source, "--on-failure ARN"),
			"records are given up after %s, and nobody is told: they are lost", bound))
	}
	if p.targetsErr == nil && p.activeFrom[stream(source)]+p.activeFrom[source] == 0 {
		found = append(found, is.warning("activate a target, or "+p.run("unhook", "--source-arn", source), "the source has no active target, so its records go nowhere"))
	}
	if found == nil {
		found = append(found, is.ok("enabled, up to %d records in a batch", aws.ToInt32(m.BatchSize)))
	}
	return found
}

// givesUp reports whether a mapping stops trying before a record expires, and when.
func givesUp(m *types.EventSourceMappingConfiguration) (bool, string) {
	if n := m.MaximumRetryAttempts; n != nil && *n >= 0 {
		return true, fmt.Sprintf("%d retries", *n)
	}
	if n := m.MaximumRecordAgeInSeconds; n != nil && *n >= 0 {
		return true, fmt.Sprintf("%d seconds", *n)
	}
	return false, ""
}

func onFailure(m *types.EventSourceMappingConfiguration) string {
	if m.DestinationConfig == nil || m.DestinationConfig.OnFailure == nil {
		return ""
	}
	return aws.ToString(m.DestinationConfig.OnFailure.Destination)
}

// sources checks that what has active targets is hooked to the function.
func (p *patient) sources(ctx context.Context) []Finding {
	var found []Finding
	for _, source := range slices.Sorted(maps.Keys(p.activeFrom)) {
		a, err := arn.Parse(source)
		switch {
		case err != nil: // a fault of its targets
		case a.Service == "sns":
			found = append(found, p.topic(ctx, source, a.Region))
		case p.hooksErr == nil && !slices.ContainsFunc(p.hooks, func(m types.EventSourceMappingConfiguration) bool {
			return stream(aws.ToString(m.EventSourceArn)) == stream(source)
		}):
			found = append(found, about{"source", Source(source)}.wrong(p.run("hook", "--source-arn", source), "it has active targets, but no mapping, so they get nothing"))
		}
	}
	return found
}

// topic checks the subscription of the function to a topic.
func (p *patient) topic(ctx context.Context, topic, region string) Finding {
	is := about{"source", Source(topic)}
	pages := sns.NewListSubscriptionsByTopicPaginator(p.In(region).SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsMissing(err) {
			return is.wrong("correct the source of its targets, or make the topic", "there is no such topic")
		}
		if err != nil {
			return is.unknown(err)
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.Protocol) == "lambda" && strings.HasPrefix(aws.ToString(s.Endpoint)+":", p.function.ARN+":") {
				return p.permission(ctx, topic)
			}
		}
	}
	return is.wrong(p.run("hook", "--source-arn", topic), "it has active targets, but no subscription, so they get nothing")
}

// permission checks that a topic with a subscription may invoke the function: what it
// may not, SNS gives up.
func (p *patient) permission(ctx context.Context, topic string) Finding {
	is := about{"source", Source(topic)}
	wrong := is.wrong(p.run("hook", "--source-arn", topic), "it is subscribed, but may not invoke the function, so its messages are lost")
	out, err := p.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &p.Function})
	if cloud.IsMissing(err) {
		return wrong
	}
	if err != nil {
		return is.unknown(err)
	}
	callers, err := cloud.Callers(aws.ToString(out.Policy))
	switch {
	case err != nil:
		return is.unknown(fmt.Errorf("the policy of the function cannot be read: %w", err))
	case slices.ContainsFunc(callers, func(c cloud.Caller) bool { return matches(c.Source, topic) }):
		return is.ok("subscribed")
	}
	return wrong
}
