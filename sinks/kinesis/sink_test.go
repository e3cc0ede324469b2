package kinesis

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/digest"
	"fanout/sinks/internal/sinktest"
)

// fakeKinesis answers PutRecords.
type fakeKinesis func(*kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)

func (f fakeKinesis) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	return f(in)
}

// kinesisAnswer answers with one result per code; "" is an accepted record.
func kinesisAnswer(codes ...string) *kinesis.PutRecordsOutput {
	out := &kinesis.PutRecordsOutput{}
	for _, code := range codes {
		r := types.PutRecordsResultEntry{SequenceNumber: aws.String("495"), ShardId: aws.String("shardId-000000000000")}
		if code != "" {
			r = types.PutRecordsResultEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String("why")}
		}
		out.Records = append(out.Records, r)
	}
	return out
}

func TestKinesisAnswers(t *testing.T) {
	nameless := kinesisAnswer("", "", "")
	nameless.Records[1].SequenceNumber = nil
	tests := []struct {
		name string
		out  *kinesis.PutRecordsOutput
		want []string
	}{
		{"all taken", kinesisAnswer("", "", ""), []string{"", "", ""}},
		{"throttled", kinesisAnswer("", "ProvisionedThroughputExceededException", ""), []string{"", "throttled", ""}},
		{"failing", kinesisAnswer("InternalFailure", "", ""), []string{"retryable", "", ""}},
		{"no permission for the key", kinesisAnswer("", "", "KMSAccessDeniedException"), []string{"", "", "permanent"}},
		{"unknown code", kinesisAnswer("", "", "Whatever"), []string{"", "", "retryable"}},
		{"all refused", kinesisAnswer("InternalFailure", "InternalFailure", "InternalFailure"), []string{"retryable", "retryable", "retryable"}},
		{"not acknowledged", nameless, []string{"", "retryable", ""}},
		{"too few results", kinesisAnswer("", ""), []string{"retryable", "retryable", "retryable"}},
		{"too many results", kinesisAnswer("", "", "", ""), []string{"retryable", "retryable", "retryable"}},
		{"no results", kinesisAnswer(), []string{"retryable", "retryable", "retryable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := New(fakeKinesis(func(*kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return tt.out, nil }), sinktest.Stream)
			o := k.Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKinesisDestination(t *testing.T) {
	for _, tt := range []struct{ given, name, arn string }{
		{sinktest.Stream, sinktest.Stream, ""},
		{sinktest.StreamARN, "", sinktest.StreamARN},
		{"arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/a.b", "", "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/a.b"},
	} {
		k := New(fakeKinesis(func(in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			if aws.ToString(in.StreamName) != tt.name || aws.ToString(in.StreamARN) != tt.arn {
				t.Errorf("%s: StreamName %q, StreamARN %q", tt.given, aws.ToString(in.StreamName), aws.ToString(in.StreamARN))
			}
			return kinesisAnswer(""), nil
		}), tt.given)
		if o := k.Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
			t.Error(o.Err(0))
		}
	}
}

func TestKinesisKeys(t *testing.T) {
	tests := []struct {
		name string
		rec  engine.Record
		want string
	}{
		{"kept", engine.Record{Key: "a"}, "a"},
		{"256 letters", engine.Record{Key: strings.Repeat("x", 256)}, strings.Repeat("x", 256)},
		{"256 characters of several bytes", engine.Record{Key: strings.Repeat("é", 256)}, strings.Repeat("é", 256)},
		{"257 letters", engine.Record{Key: strings.Repeat("x", 257)}, digest.Hex([]byte(strings.Repeat("x", 257)))},
		{"257 characters of several bytes", engine.Record{Key: strings.Repeat("é", 257)}, digest.Hex([]byte(strings.Repeat("é", 257)))},
		{"not UTF-8", engine.Record{Key: "\xFF"}, digest.Hex([]byte("\xFF"))},
		{"empty", engine.Record{Seq: "495"}, "495"},
		{"empty, no sequence number", engine.Record{Data: engine.Bytes([]byte("abc"))},
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, // FIPS 180-2, appendix B.1
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			k := New(kinesis.NewFromConfig(cfg), sinktest.Stream)
			tt.rec.HashKey = "170141183460469231731687303715884105728"
			if o := k.Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
				t.Fatal(o.Err(0))
			}
			got := fake.Records("kinesis/orders")[0]
			if got.PartitionKey != tt.want {
				t.Errorf("partition key %q; want %q", got.PartitionKey, tt.want)
			}
			if got.HashKey != tt.rec.HashKey {
				t.Errorf("explicit hash key %q; want %q", got.HashKey, tt.rec.HashKey)
			}
			if size, want := k.Sizer()(&tt.rec), tt.rec.Data.Len()+len(tt.want); size != want {
				t.Errorf("counts %d bytes; want %d", size, want)
			}
		})
	}
}

func BenchmarkKinesisSend(b *testing.B) {
	recs := sinktest.Numbered(kinesisRecords)
	out := kinesisAnswer(make([]string, len(recs))...)
	sinktest.BenchmarkSend(b, New(fakeKinesis(func(*kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return out, nil }), sinktest.Stream), recs)
}
