package status

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// errNotAllowed is the state of a topic whose messages Lambda refuses.
var errNotAllowed = errors.New("it is subscribed, but may not invoke the function, so its messages are lost")

// readTopics reads the subscriptions of topics that have active targets.
func (d *reading) readTopics(ctx context.Context) {
	d.topicErrs = make(map[string]error)
	for i := range d.Sources {
		s := &d.Sources[i]
		if !s.Topic || !s.active() {
			continue
		}
		subscribed, err := d.subscribed(ctx, s.ARN)
		if err == nil && subscribed {
			err = d.allowed(ctx, s.ARN)
		}
		s.Unsubscribed = err == nil && !subscribed
		s.Unread = err != nil && !errors.Is(err, errNotAllowed) && !awserr.IsMissing(err)
		if s.Unread {
			d.unknown("subscription of "+s.Name, err)
		}
		d.topicErrs[s.ARN] = err
	}
}

// active reports whether a source has an active target.
func (s *Source) active() bool {
	return slices.ContainsFunc(s.Targets, func(t Target) bool { return t.Condition != Inactive })
}

// subscribed reports whether the function is subscribed to a topic.
func (d *reading) subscribed(ctx context.Context, topic string) (bool, error) {
	a, err := arn.Parse(topic)
	if err != nil {
		return false, err
	}
	all, err := cloud.Subscriptions(ctx, d.Topics(a.Region), topic)
	return slices.ContainsFunc(all, func(s snstypes.Subscription) bool {
		return strings.HasPrefix(aws.ToString(s.Endpoint)+":", d.function.ARN+":") // versions and aliases too
	}), err
}

// allowed returns errNotAllowed if a topic may not invoke the function.
func (d *reading) allowed(ctx context.Context, topic string) error {
	callers, err := cloud.Callers(ctx, d.Lambda, d.Reader.Function)
	if err == nil && !slices.ContainsFunc(callers, func(c cloud.Caller) bool {
		ok, err := path.Match(c.Source, topic) // the ARN of a topic has no slash, so * matches all
		return ok || err != nil
	}) {
		err = errNotAllowed
	}
	return err
}

// judgeTopic judges a topic that has active targets.
func (d *reading) judgeTopic(s *Source, subject string) {
	hook := func() string { return "run " + d.command("hook", "--source-arn", s.ARN) }
	err := d.topicErrs[s.ARN]
	switch {
	case strings.HasSuffix(s.ARN, ".fifo"):
		d.problem(Failing, subject, "publish to a standard topic, or to a Kinesis stream, which keeps the order", "it is a FIFO topic, which cannot invoke a function, so its targets get no records")
	case awserr.IsMissing(err):
		d.problem(Failing, subject, "correct the source of its targets, or create the topic", "the topic does not exist")
	case errors.Is(err, errNotAllowed):
		d.problem(Failing, subject, hook(), "%s", err)
	case err != nil:
		d.problem(Unclear, subject, ask(err), "its subscription cannot be read: %s", why(err))
	case s.Unsubscribed:
		d.problem(Attention, subject, hook(), "it has active targets, but no subscription, so they get no records")
	}
}

// judgeStart finds a function that nothing can reach yet.
func (d *reading) judgeStart() {
	if !d.targetsKnown() || d.hooksErr != nil || len(d.hooks) > 0 {
		return
	}
	subject := "function " + d.Function()
	switch first := slices.IndexFunc(d.Sources, func(s Source) bool { return len(s.Targets) > 0 }); {
	case first < 0:
		d.problem(Attention, subject, "run "+d.command("register", "TYPE", "--source-arn", "ARN", "--id", "ID", "--destination", "NAME", "--active", "true"), "it has no targets yet")
	case !slices.ContainsFunc(d.Sources, func(s Source) bool { return s.active() }):
		s := &d.Sources[first]
		d.problem(Attention, subject, "run "+d.command("activate", "--source-arn", s.ARN, "--id", s.Targets[0].ID), "it has no active targets yet")
	}
}
