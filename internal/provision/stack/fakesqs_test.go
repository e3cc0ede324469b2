package stack

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type fakeQueue struct {
	tags       map[string]string
	attributes map[string]string
}

type fakeSQS struct{ *fake }

const queueURL = "https://sqs." + region + ".amazonaws.com/" + account + "/"

func (f fakeSQS) queue(operation, name string) (*fakeQueue, error) {
	if err := f.call(operation); err != nil {
		return nil, err
	}
	q := f.queues[strings.TrimPrefix(name, queueURL)]
	if q == nil {
		return nil, apiError("AWS.SimpleQueueService.NonExistentQueue", "not there")
	}
	return q, nil
}

func (f fakeSQS) CreateQueue(_ context.Context, in *sqs.CreateQueueInput, _ ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error) {
	if err := f.call("CreateQueue"); err != nil {
		return nil, err
	}
	f.queues[*in.QueueName] = &fakeQueue{tags: in.Tags, attributes: in.Attributes}
	f.queues[*in.QueueName].attributes["QueueArn"] = "arn:aws:sqs:" + region + ":" + account + ":" + *in.QueueName
	return &sqs.CreateQueueOutput{QueueUrl: aws.String(queueURL + *in.QueueName)}, nil
}

func (f fakeSQS) DeleteQueue(_ context.Context, in *sqs.DeleteQueueInput, _ ...func(*sqs.Options)) (*sqs.DeleteQueueOutput, error) {
	_, err := f.queue("DeleteQueue", *in.QueueUrl)
	if err == nil {
		delete(f.queues, strings.TrimPrefix(*in.QueueUrl, queueURL))
	}
	return &sqs.DeleteQueueOutput{}, err
}

func (f fakeSQS) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput, _ ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	_, err := f.queue("GetQueueUrl", *in.QueueName)
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String(queueURL + *in.QueueName)}, err
}

func (f fakeSQS) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	q, err := f.queue("GetQueueAttributes", *in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &sqs.GetQueueAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if v, ok := q.attributes[string(name)]; ok {
			out.Attributes[string(name)] = v
		}
	}
	return out, nil
}

func (f fakeSQS) ListQueueTags(_ context.Context, in *sqs.ListQueueTagsInput, _ ...func(*sqs.Options)) (*sqs.ListQueueTagsOutput, error) {
	q, err := f.queue("ListQueueTags", *in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.ListQueueTagsOutput{Tags: q.tags}, nil
}
