package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"fanout/internal/awserr"
	"fanout/internal/awsname"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/lint"
	"fanout/internal/provision/registry"
	"fanout/lambda/target"
	"fanout/sinks"
)

// mappings checks the event source mappings.
func (p *examination) mappings(ctx context.Context) []Finding {
	if p.hooksErr != nil {
		return []Finding{p.is("mappings").unknown(p.hooksErr)}
	}
	var found []Finding
	for i := range p.hooks {
		found = append(found, p.mapping(ctx, &p.hooks[i])...)
	}
	return found
}

func (p *examination) mapping(ctx context.Context, m *types.EventSourceMappingConfiguration) []Finding {
	source := aws.ToString(m.EventSourceArn)
	is := about{"mapping", awsname.Source(source)}
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
		found = append(found, is.wrong("check the function's log and the rights of its role", "Lambda reports %q", result))
	}
	if gives, bound := givesUp(m); gives && cloud.OnFailure(m.DestinationConfig) == "" {
		found = append(found, is.wrong(p.run("hook", "--source-arn", source, "--on-failure", "ARN"),
			"Lambda gives up records after %s without a notice, so they are lost", bound))
	}
	if p.targetsErr == nil {
		unserved := p.served(is, source)
		found = append(found, unserved...)
		if unserved == nil && !cloud.IsQueue(source) {
			found = append(found, p.endless(is, m)...)
		}
	}
	if cloud.IsQueue(source) {
		found = append(found, p.queue(ctx, is, source)...)
	}
	if found == nil {
		found = append(found, is.ok("enabled, up to %s in a batch", counted(int(aws.ToInt32(m.BatchSize)), "record", "records")))
	}
	return found
}

// wake returns the commands that give a source an active target, or that unhook it.
func (p *examination) wake(source string) string {
	stop := ", or " + p.run("unhook", "--source-arn", source)
	for _, source := range []string{source, stream(source)} { // in the function's search order
		for i := range p.targets {
			if t := &p.targets[i]; t.Spec.SourceARN == source {
				return p.run("activate", "--source-arn", source, "--id", t.ID) + stop
			}
		}
	}
	return p.run("register", "TYPE", "--source-arn", stream(source), "--id", "ID", "--destination", "NAME", "--active", "true") + stop
}

// endless finds a mapping that retries without end while some of its targets have no
// place for failed records. A record that always fails then holds up its shard until it
// expires.
func (p *examination) endless(is about, m *types.EventSourceMappingConfiguration) []Finding {
	if gives, _ := givesUp(m); gives || cloud.OnFailure(m.DestinationConfig) != "" || p.options.OnFailure != "" {
		return nil
	}
	source := aws.ToString(m.EventSourceArn)
	var open []*sinks.Spec
	for _, t := range p.active() {
		if t.OnFailure == "" && (t.SourceARN == stream(source) || t.SourceARN == source) {
			open = append(open, t)
		}
	}
	if len(open) == 0 {
		return nil
	}
	fix := p.run("deploy", "--failures-queue", "NAME") + "; or limit the retries: " + p.command("hook", "--source-arn", source, "--maximum-retry-attempts", "N", "--on-failure", "ARN") +
		"; or name another target that takes these records: " + p.command("update", "--source-arn", open[0].SourceARN, "--id", open[0].ID, "--on-failure", "ID")
	return []Finding{is.warning(fix, "Lambda retries without end, so one record that a target cannot take holds up its shard until it expires; targets without onFailure: %d", len(open))}
}

// served checks that a source has targets. A consumer uses the targets of its stream,
// unless some targets name the consumer itself.
func (p *examination) served(is about, source string) []Finding {
	if !slices.ContainsFunc(p.targets, func(e registry.Entry) bool { return e.Spec.SourceARN == source }) {
		source = stream(source)
	}
	var all []target.Loaded
	targets := 0
	for _, e := range p.targets {
		all = append(all, e.Loaded)
		if e.Spec.SourceARN == source {
			targets++
		}
	}
	former := target.FormerStream(source, all)
	switch {
	case p.activeFrom[source] > 0:
		return nil
	case targets > 0 || p.options.IgnoreUnknownSource && former == "":
		return []Finding{is.warning(p.wake(source), "the source has no active target, so its records go nowhere")}
	case former != "":
		return []Finding{is.wrong(p.moveTargets(), "the source has no target; %s", former)}
	}
	return []Finding{is.wrong(p.wake(source), "the source has no target, so its batches fail")}
}

// givesUp reports whether a mapping stops retrying before a record expires, and when.
func givesUp(m *types.EventSourceMappingConfiguration) (bool, string) {
	if n := m.MaximumRetryAttempts; n != nil && *n >= 0 {
		return true, counted(int(*n), "retry", "retries")
	}
	if n := m.MaximumRecordAgeInSeconds; n != nil && *n >= 0 {
		return true, short(time.Duration(*n) * time.Second)
	}
	return false, ""
}

// sources checks that every source with active targets is hooked to the function, and
// that hooked topics have targets.
func (p *examination) sources(ctx context.Context) []Finding {
	var found []Finding
	all, topicsOnly := maps.Clone(p.activeFrom), false
	for _, c := range p.callers {
		if a, err := arn.Parse(c.Source); err == nil && a.Service == "sns" {
			all[c.Source] += 0
		}
	}
	ordered := slices.Sorted(maps.Keys(all))
	streams := lint.StreamsOf(ctx, p.DynamoDB, ordered)
	for _, source := range ordered {
		a, err := arn.Parse(source)
		former, _ := streams.Former(source)
		switch {
		case err != nil && !awsname.IsKafka(source): // a fault of its targets, reported elsewhere
		case a.Service == "sns":
			topicsOnly = true
			found = append(found, p.topic(ctx, source, a.Region)...)
		case former != "":
			found = append(found, p.formerTargets(source, streams[source])...)
		case p.hooksErr == nil && !slices.ContainsFunc(p.hooks, func(m types.EventSourceMappingConfiguration) bool {
			return stream(aws.ToString(m.EventSourceArn)) == stream(source)
		}):
			found = append(found, about{"source", awsname.Source(source)}.wrong(p.run("hook", "--source-arn", source), "it has active targets, but no mapping, so they get no records"))
		}
	}
	if p.callersErr != nil && !topicsOnly { // topics without targets cannot be seen
		found = append(found, about{"source", "sns"}.unknown(p.callersErr))
	}
	return found
}

// topic checks the subscription of the function to a topic.
func (p *examination) topic(ctx context.Context, topic, region string) []Finding {
	is := about{"source", awsname.Source(topic)}
	if strings.HasSuffix(topic, ".fifo") {
		return []Finding{is.wrong("publish to a standard topic, or to a Kinesis stream, which keeps the order", "it is a FIFO topic, which cannot invoke a function, so its targets get no records")}
	}
	subscribed, err := p.subscribed(ctx, topic, region)
	active := p.activeFrom[topic] > 0
	switch {
	case awserr.IsMissing(err) && !active:
		return nil // a right for a deleted topic is harmless
	case awserr.IsMissing(err):
		return []Finding{is.wrong("correct the source of its targets, or create the topic", "the topic does not exist")}
	case err != nil:
		return []Finding{is.unknown(err)}
	case !subscribed && !active:
		return nil
	case !subscribed:
		return []Finding{is.wrong(p.run("hook", "--source-arn", topic), "it has active targets, but no subscription, so they get no records")}
	}
	var found []Finding
	if !active && p.targetsErr == nil {
		found = append(found, is.warning(p.wake(topic), "it is subscribed, but has no active target, so its messages go nowhere"))
	}
	switch {
	case p.callersErr != nil:
		found = append(found, is.unknown(p.callersErr))
	case !slices.ContainsFunc(p.callers, func(c cloud.Caller) bool { return matches(c.Source, topic) }):
		return append(found, is.wrong(p.run("hook", "--source-arn", topic), "it is subscribed, but may not invoke the function, so its messages are lost"))
	}
	if found = append(found, p.failedMessages(is, topic)...); found == nil {
		found = append(found, is.ok("subscribed"))
	}
	return found
}

// subscribed reports whether the function is subscribed to a topic.
func (p *examination) subscribed(ctx context.Context, topic, region string) (bool, error) {
	all, err := cloud.Subscriptions(ctx, p.In(region).SNS, topic)
	return slices.ContainsFunc(all, func(s snstypes.Subscription) bool {
		return strings.HasPrefix(aws.ToString(s.Endpoint)+":", p.function.ARN+":") // versions and aliases too
	}), err
}

// failedMessages checks that messages go somewhere when the function fails on them.
func (p *examination) failedMessages(is about, topic string) []Finding {
	switch {
	case p.asyncErr != nil:
		return []Finding{is.unknown(p.asyncErr)}
	case p.async.OnFailure() != "" || p.config.DeadLetterConfig != nil && aws.ToString(p.config.DeadLetterConfig.TargetArn) != "":
		return nil
	}
	return []Finding{is.warning(p.run("hook", "--source-arn", topic, "--on-failure", "ARN"), "when the function fails, Lambda tries a message %s in all, and then drops it", times(p.async.Attempts()))}
}

// times writes a number of times in words.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
