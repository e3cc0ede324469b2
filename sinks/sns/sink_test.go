package sns

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/go-cmp/cmp"

	"fanout/sinks/internal/message"
	"fanout/sinks/internal/sinktest"
)

// fakeSNS answers PublishBatch.
type fakeSNS func(*sns.PublishBatchInput) (*sns.PublishBatchOutput, error)

func (f fakeSNS) PublishBatch(_ context.Context, in *sns.PublishBatchInput, _ ...func(*sns.Options)) (*sns.PublishBatchOutput, error) {
	return f(in)
}

func snsAnswer(entries []sinktest.Entry) *sns.PublishBatchOutput {
	out := &sns.PublishBatchOutput{}
	for _, e := range entries {
		if e.Code == "" {
			out.Successful = append(out.Successful, types.PublishBatchResultEntry{Id: sinktest.Optional(e.ID)})
			continue
		}
		out.Failed = append(out.Failed, types.BatchResultErrorEntry{
			Id: sinktest.Optional(e.ID), Code: aws.String(e.Code), SenderFault: e.Sender,
		})
	}
	return out
}

func TestSNSAnswers(t *testing.T) {
	for _, tt := range sinktest.Answers {
		t.Run(tt.Name, func(t *testing.T) {
			s := New(fakeSNS(func(*sns.PublishBatchInput) (*sns.PublishBatchOutput, error) {
				return snsAnswer(tt.Out), nil
			}), sinktest.TopicARN)
			o := s.Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.Want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkSNSSend(b *testing.B) {
	recs := sinktest.Numbered(message.Entries)
	var taken []sinktest.Entry
	for i := range recs {
		taken = append(taken, sinktest.Entry{ID: *message.EntryID(i)})
	}
	out := snsAnswer(taken)
	sinktest.BenchmarkSend(b, New(fakeSNS(func(*sns.PublishBatchInput) (*sns.PublishBatchOutput, error) { return out, nil }), sinktest.TopicARN), recs)
}
