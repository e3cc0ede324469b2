package awsfake_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanout/internal/testing/awsfake"
)

// TestQueue asserts that a received message is hidden for a time, that in a FIFO queue a
// hidden message blocks later messages of its group, and that a deleted message does not
// return.
func TestQueue(t *testing.T) {
	fake, cfg := start(t)
	client := sqs.NewFromConfig(cfg)
	found, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q.fifo")})
	if err != nil {
		t.Fatal(err)
	}
	for i, group := range []string{"a", "a", "b"} {
		fake.Put("sqs/q.fifo", awsfake.Record{Data: fmt.Append(nil, i), GroupID: group, DeduplicationID: fmt.Sprint(i)})
	}
	receive := func(most int32) (bodies string, receipts []string) {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: found.QueueUrl, MaxNumberOfMessages: most, VisibilityTimeout: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			bodies += *m.Body
			receipts = append(receipts, *m.ReceiptHandle)
		}
		return bodies, receipts
	}
	got, first := receive(1)
	rest, _ := receive(10)
	if got != "0" || rest != "2" {
		t.Errorf("received %q and then %q", got, rest)
	}
	change := func(receipt string) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
		return client.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{
			QueueUrl: found.QueueUrl, Entries: []sqstypes.ChangeMessageVisibilityBatchRequestEntry{{Id: aws.String("x"), ReceiptHandle: &receipt, VisibilityTimeout: 0}},
		})
	}
	if out, err := change(first[0]); err != nil || len(out.Successful) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	got, again := receive(1)
	remove := func(receipt string) *sqs.DeleteMessageBatchOutput {
		out, err := client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{
			QueueUrl: found.QueueUrl, Entries: []sqstypes.DeleteMessageBatchRequestEntry{{Id: aws.String("x"), ReceiptHandle: &receipt}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := remove(first[0]); got != "0" || len(out.Failed) != 1 || *out.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("an old receipt handle deletes %q: %+v", got, out)
	}
	if out := remove(again[0]); len(out.Successful) != 1 || len(fake.Waiting("sqs/q.fifo")) != 2 {
		t.Errorf("deleting: %+v", out)
	}
	if got, _ := receive(10); got != "1" {
		t.Errorf("received %q behind what was deleted", got)
	}
	fake.Reveal("sqs/q.fifo")
	if got, _ := receive(10); got != "12" {
		t.Errorf("received %q when all is visible", got)
	}
	if _, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: found.QueueUrl, MaxNumberOfMessages: 11}); code(t, err) != "InvalidParameterValue" {
		t.Errorf("11 messages: %v", err)
	}
	if _, err := client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: found.QueueUrl, Entries: make([]sqstypes.DeleteMessageBatchRequestEntry, 0)}); err == nil {
		t.Error("a batch of nothing is taken")
	}
}
