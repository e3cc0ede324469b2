package sqs

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"fanout/sinks/internal/message"
	"fanout/sinks/internal/sinktest"
)

// fakeSQS answers SendMessageBatch.
type fakeSQS func(*sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error)

func (f fakeSQS) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	return f(in)
}

func sqsAnswer(entries []sinktest.Entry) *sqs.SendMessageBatchOutput {
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range entries {
		if e.Code == "" {
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: sinktest.Optional(e.ID)})
			continue
		}
		out.Failed = append(out.Failed, types.BatchResultErrorEntry{
			Id: sinktest.Optional(e.ID), Code: aws.String(e.Code), SenderFault: e.Sender,
		})
	}
	return out
}

func TestSQSAnswers(t *testing.T) {
	for _, tt := range sinktest.Answers {
		t.Run(tt.Name, func(t *testing.T) {
			s := New(fakeSQS(func(*sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
				return sqsAnswer(tt.Out), nil
			}), sinktest.QueueURL)
			o := s.Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.Want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkSQSSend(b *testing.B) {
	recs := sinktest.Numbered(message.Entries)
	var taken []sinktest.Entry
	for i := range recs {
		taken = append(taken, sinktest.Entry{ID: *message.EntryID(i)})
	}
	out := sqsAnswer(taken)
	sinktest.BenchmarkSend(b, New(fakeSQS(func(*sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) { return out, nil }), sinktest.QueueURL), recs)
}
