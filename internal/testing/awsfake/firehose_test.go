package awsfake_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"fanout/internal/testing/awsfake"
)

func TestFirehose(t *testing.T) {
	many := func(n, size int) []firehosetypes.Record {
		recs := make([]firehosetypes.Record, n)
		for i := range recs {
			recs[i].Data = bytes.Repeat([]byte("x"), size)
		}
		return recs
	}
	tests := []struct {
		name    string
		records []firehosetypes.Record
		refuse  map[int]string
		want    string
		failed  int32
	}{
		{"some refused", many(3, 1), map[int]string{0: "ServiceUnavailableException", 2: "InternalFailure"}, "", 2},
		{"most records", many(500, 1), nil, "", 0},
		{"too many records", many(501, 1), nil, "ValidationException", 0},
		{"largest record", many(1, 1000<<10), nil, "", 0},
		{"record too large", many(1, 1000<<10+1), nil, "ValidationException", 0},
		{"largest request", many(8, 1<<19), nil, "", 0},
		{"request too large", append(many(8, 1<<19), many(1, 1)...), nil, "InvalidArgumentException", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Refuse: tt.refuse} })
			out, err := firehose.NewFromConfig(cfg).PutRecordBatch(t.Context(), &firehose.PutRecordBatchInput{
				DeliveryStreamName: aws.String("logs"), Records: tt.records,
			})
			if got := code(t, err); got != tt.want {
				t.Fatalf("error %q; want %q", got, tt.want)
			}
			if err != nil {
				return
			}
			if *out.FailedPutCount != tt.failed || len(out.RequestResponses) != len(tt.records) {
				t.Errorf("%d of %d failed; want %d", *out.FailedPutCount, len(out.RequestResponses), tt.failed)
			}
			if n := len(fake.Records("firehose/logs")); n != len(tt.records)-int(tt.failed) {
				t.Errorf("%d records were taken", n)
			}
		})
	}
}
