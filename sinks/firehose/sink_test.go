package firehose

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// fakeFirehose answers PutRecordBatch.
type fakeFirehose func(*firehose.PutRecordBatchInput) (*firehose.PutRecordBatchOutput, error)

func (f fakeFirehose) PutRecordBatch(_ context.Context, in *firehose.PutRecordBatchInput, _ ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error) {
	return f(in)
}

// firehoseAnswer answers with one result per code; "" is an accepted record.
func firehoseAnswer(codes ...string) *firehose.PutRecordBatchOutput {
	out := &firehose.PutRecordBatchOutput{}
	for _, code := range codes {
		r := types.PutRecordBatchResponseEntry{RecordId: aws.String("r")}
		if code != "" {
			r = types.PutRecordBatchResponseEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String("why")}
		}
		out.RequestResponses = append(out.RequestResponses, r)
	}
	return out
}

func TestFirehoseAnswers(t *testing.T) {
	nameless := firehoseAnswer("", "", "")
	nameless.RequestResponses[2].RecordId = nil
	tests := []struct {
		name string
		out  *firehose.PutRecordBatchOutput
		want []string
	}{
		{"all taken", firehoseAnswer("", "", ""), []string{"", "", ""}},
		{"throttled", firehoseAnswer("", "ServiceUnavailableException", ""), []string{"", "throttled", ""}},
		{"failing", firehoseAnswer("InternalFailure", "", ""), []string{"retryable", "", ""}},
		{"not acknowledged", nameless, []string{"", "", "retryable"}},
		{"too few results", firehoseAnswer("", ""), []string{"retryable", "retryable", "retryable"}},
		{"too many results", firehoseAnswer("", "", "", ""), []string{"retryable", "retryable", "retryable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := New(fakeFirehose(func(*firehose.PutRecordBatchInput) (*firehose.PutRecordBatchOutput, error) { return tt.out, nil }), sinktest.Stream)
			o := f.Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFirehoseEmpty asserts that a record without data is sent: a nil blob would not pass
// the SDK's own check.
func TestFirehoseEmpty(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	f := New(firehose.NewFromConfig(cfg), "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders")
	if o := f.Send(t.Context(), []engine.Record{{Key: "a"}}); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if got := fake.Records("firehose/orders"); len(got) != 1 || len(got[0].Data) != 0 {
		t.Errorf("took %v", got)
	}
}

func BenchmarkFirehoseSend(b *testing.B) {
	recs := sinktest.Numbered(firehoseRecords)
	out := firehoseAnswer(make([]string, len(recs))...)
	sinktest.BenchmarkSend(b, New(fakeFirehose(func(*firehose.PutRecordBatchInput) (*firehose.PutRecordBatchOutput, error) { return out, nil }), sinktest.Stream), recs)
}
