package sinks

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/go-cmp/cmp"
)

// fakeSNS answers PublishBatch.
type fakeSNS func(*sns.PublishBatchInput) (*sns.PublishBatchOutput, error)

func (f fakeSNS) PublishBatch(_ context.Context, in *sns.PublishBatchInput, _ ...func(*sns.Options)) (*sns.PublishBatchOutput, error) {
	return f(in)
}

func snsAnswer(entries []entry) *sns.PublishBatchOutput {
	out := &sns.PublishBatchOutput{}
	for _, e := range entries {
		if e.code == "" {
			out.Successful = append(out.Successful, types.PublishBatchResultEntry{Id: optional(e.id)})
			continue
		}
		out.Failed = append(out.Failed, types.BatchResultErrorEntry{
			Id: optional(e.id), Code: aws.String(e.code), SenderFault: e.sender,
		})
	}
	return out
}

func TestSNSAnswers(t *testing.T) {
	for _, tt := range entryAnswers {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSNS(fakeSNS(func(*sns.PublishBatchInput) (*sns.PublishBatchOutput, error) {
				return snsAnswer(tt.out), nil
			}), topicARN)
			o := s.Send(t.Context(), numbered(3))
			if diff := cmp.Diff(tt.want, failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkSNSSend(b *testing.B) {
	recs := numbered(messageEntries)
	var taken []entry
	for i := range recs {
		taken = append(taken, entry{id: *entryID(i)})
	}
	out := snsAnswer(taken)
	benchmarkSend(b, NewSNS(fakeSNS(func(*sns.PublishBatchInput) (*sns.PublishBatchOutput, error) { return out, nil }), topicARN), recs)
}
