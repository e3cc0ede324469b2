package stack

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/role"
)

// SQSAPI is the part of an SQS client that a Stack needs.
type SQSAPI interface {
	cloud.SQSReader
	CreateQueue(context.Context, *sqs.CreateQueueInput, ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error)
	DeleteQueue(context.Context, *sqs.DeleteQueueInput, ...func(*sqs.Options)) (*sqs.DeleteQueueOutput, error)
	ListQueueTags(context.Context, *sqs.ListQueueTagsInput, ...func(*sqs.Options)) (*sqs.ListQueueTagsOutput, error)
}

// onFailure is the function's variable with the ARN of its queue for failures.
const onFailure = "FANOUT_ON_FAILURE"

// longest is the longest retention of a queue, in seconds: 14 days (SQS API, CreateQueue).
const longest = 14 * 24 * 60 * 60

// queue is an existing queue.
type queue struct {
	url, arn string
	messages int // about
	ours     bool
}

// queueTag is the function's tag with its queue for failures: the name of a queue that deploy
// looks up and makes, or the ARN of one that it leaves alone. The variable always has the ARN.
const queueTag = "fanout:failures-queue"

// ownQueue returns the name of a queue if it is in the function's account and region, where
// fanout can make it, or "".
func ownQueue(queue, function string) string {
	q, err := arn.Parse(queue)
	f, _ := arn.Parse(function) // Lambda wrote it
	if err != nil || q.AccountID != f.AccountID || q.Region != f.Region {
		return ""
	}
	return q.Resource
}

// keptQueue returns the queue of a function, by name if deploy looks it up, or else by ARN. A
// function without the tag was not deployed by fanout, or only in part. Then a queue with
// fanout's own tag is one that deploy made.
func (s *Stack) keptQueue(ctx context.Context, has *function) string {
	if has == nil {
		return ""
	}
	queue := environment(&has.FunctionConfiguration)[onFailure]
	name := ownQueue(queue, aws.ToString(has.FunctionArn))
	if name == "" {
		return queue
	}
	made, tagged := has.tags[queueTag]
	if !tagged {
		found, err := s.findQueue(ctx, name, aws.ToString(has.FunctionName))
		if err == nil && found != nil && found.ours { // without the right to look, it stays as it is
			made = name
		}
	}
	if made != name {
		return queue
	}
	return name
}

// failuresQueue makes the function's queue for failures. It uses an existing one without
// changing it, and one given by ARN as it is. It sets the function's variable.
func (s *Stack) failuresQueue(ctx context.Context, p *plan, has *function) (Resource, error) {
	t := Resource{Kind: "queue", Name: cloud.Name(p.failures), ARN: p.failures, Outcome: cloud.Given}
	if !arn.IsARN(p.failures) {
		found, err := s.findQueue(ctx, p.failures, p.name)
		if err != nil {
			return t, err
		}
		t.Outcome, t.ARN = cloud.Unchanged, ""
		switch {
		case found != nil:
			t.ARN = found.arn
			if !found.ours {
				t.Note = "not created by fanout deploy for this function, so its settings stay unchanged"
			}
		case s.DryRun:
			t.Outcome, t.ARN = cloud.Created, s.futureQueue(p, has)
		default:
			t.Outcome = cloud.Created
			if t.ARN, err = s.createQueue(ctx, p.failures, p.name); err != nil {
				return t, err
			}
		}
	}
	p.environment[onFailure] = t.ARN
	return t, nil
}

// formerQueue returns the queue that the function no longer uses, if it had another one. The
// queue stays, because it may have records.
func (s *Stack) formerQueue(ctx context.Context, p *plan, has *function) (Resource, bool) {
	if has == nil {
		return Resource{}, false
	}
	former := environment(&has.FunctionConfiguration)[onFailure]
	if former == "" || former == p.environment[onFailure] {
		return Resource{}, false
	}
	t := Resource{Kind: "queue", Name: cloud.Name(former), ARN: former, Outcome: cloud.Kept, Note: "the function no longer uses it"}
	redrive := fmt.Sprintf("fanout redrive --queue %s --function %s --region %s", former, p.name, s.Region)
	var found *queue
	var err error
	name := ownQueue(former, aws.ToString(has.FunctionArn))
	if name != "" {
		found, err = s.findQueue(ctx, name, p.name)
	}
	switch {
	case name == "" || err != nil: // deploy needs no right to look
		t.Note += "; if it has records, deliver them with " + redrive
	case found == nil:
		return Resource{}, false
	case found.messages > 0:
		t.Note += fmt.Sprintf(", but it has about %d undelivered records; deliver them with %s", found.messages, redrive)
	default:
		t.Note += ", and it is empty; delete it yourself if nothing else uses it"
	}
	return t, true
}

// futureQueue is the ARN that a queue will get, as far as a dry run knows it.
func (s *Stack) futureQueue(p *plan, has *function) string {
	of := p.role
	if has != nil {
		of = cmp.Or(of, aws.ToString(has.FunctionArn))
	}
	a, err := arn.Parse(of)
	if err != nil {
		return p.failures
	}
	a.Service, a.Region, a.Resource = "sqs", s.Region, p.failures
	return a.String()
}

// createQueue makes a queue that keeps messages as long as SQS can. It is encrypted, as
// every new queue is. It returns its ARN.
func (s *Stack) createQueue(ctx context.Context, name, function string) (string, error) {
	attributes := map[string]string{"MessageRetentionPeriod": strconv.Itoa(longest)}
	if strings.HasSuffix(name, ".fifo") {
		attributes["FifoQueue"] = "true"
	}
	_, err := s.Queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes, Tags: tags(function)})
	if err != nil {
		return "", fmt.Errorf("the queue %q cannot be created: %w", name, err)
	}
	var made *queue
	err = poll(ctx, waitLimit, fmt.Sprintf("the queue %q", name), func() (bool, error) { // a new queue may not be visible yet
		made, err = s.findQueue(ctx, name, function)
		return made != nil, err
	})
	if err != nil {
		return "", err
	}
	return made.arn, nil
}

// findQueue returns a queue, nil if there is none.
func (s *Stack) findQueue(ctx context.Context, name, function string) (*queue, error) {
	out, err := s.Queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the queue %q cannot be looked up: %w", name, err)
	}
	q := queue{url: aws.ToString(out.QueueUrl)}
	is, err := s.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameQueueArn, types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}})
	if awserr.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the queue %q cannot be looked up: %w", name, err)
	}
	for attribute, value := range is.Attributes {
		if attribute == string(types.QueueAttributeNameQueueArn) {
			q.arn = value
		} else if n, err := strconv.Atoi(value); err == nil {
			q.messages += n
		}
	}
	has, err := s.Queues.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &q.url})
	if err != nil {
		return nil, fmt.Errorf("the tags of the queue %q cannot be read: %w", name, err)
	}
	q.ours = has.Tags[role.Tag] == function
	return &q, nil
}

// listQueue lists the function's queue for failures, if there is one. A queue with messages
// stays: they are records that were not delivered. So does the queue of another function.
func (s *Stack) listQueue(ctx context.Context, name, function string) ([]Item, error) {
	if name == "" || arn.IsARN(name) {
		return nil, nil
	}
	has, err := s.findQueue(ctx, name, function)
	if err != nil || has == nil {
		return nil, err
	}
	item := Item{Resource: Resource{Kind: "queue", Name: name, ARN: has.arn}}
	switch {
	case !has.ours:
		item.Note = notCreated
	case has.messages > 0:
		item.Note = fmt.Sprintf("it has about %d undelivered records; run fanout redrive, or delete the queue yourself", has.messages)
	default:
		item.Note, err = s.otherUser(ctx, function, &item, onFailure)
		if awserr.IsDenied(err) { // the rest can go without this right
			item.Note, err = "no right to list the functions that may use it; delete the queue yourself if none does", nil
		}
		if err != nil {
			return nil, fmt.Errorf("the functions that may use the queue %q cannot be listed: %w", name, err)
		}
		if item.Note != "" {
			break
		}
		item.delete = func(ctx context.Context) error {
			_, err := s.Queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &has.url})
			return err
		}
	}
	return []Item{item}, nil
}
