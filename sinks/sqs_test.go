package sinks

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// fakeSQS answers SendMessageBatch.
type fakeSQS func(*sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error)

func (f fakeSQS) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	return f(in)
}

func sqsAnswer(entries []entry) *sqs.SendMessageBatchOutput {
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range entries {
		if e.code == "" {
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: optional(e.id)})
			continue
		}
		out.Failed = append(out.Failed, types.BatchResultErrorEntry{
			Id: optional(e.id), Code: aws.String(e.code), SenderFault: e.sender,
		})
	}
	return out
}

func TestSQSAnswers(t *testing.T) {
	for _, tt := range entryAnswers {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSQS(fakeSQS(func(*sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
				return sqsAnswer(tt.out), nil
			}), queueURL)
			o := s.Send(t.Context(), numbered(3))
			if diff := cmp.Diff(tt.want, failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkSQSSend(b *testing.B) {
	recs := numbered(messageEntries)
	var taken []entry
	for i := range recs {
		taken = append(taken, entry{id: *entryID(i)})
	}
	out := sqsAnswer(taken)
	benchmarkSend(b, NewSQS(fakeSQS(func(*sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) { return out, nil }), queueURL), recs)
}
