package awsfake_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

func putRecords(t *testing.T, cfg aws.Config, entries ...kinesistypes.PutRecordsRequestEntry) (*kinesis.PutRecordsOutput, error) {
	t.Helper()
	return kinesis.NewFromConfig(cfg).PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamARN: aws.String(stream), Records: entries})
}

func record(key string, size int) kinesistypes.PutRecordsRequestEntry {
	return kinesistypes.PutRecordsRequestEntry{PartitionKey: &key, Data: bytes.Repeat([]byte("x"), size)}
}

func TestKinesis(t *testing.T) {
	fake, cfg := start(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Refuse: map[int]string{1: "ProvisionedThroughputExceededException"}}
	})
	high, low := record("k", 3), record("k", 4)
	high.ExplicitHashKey, low.ExplicitHashKey = aws.String("340282366920938463463374607431768211455"), aws.String("0")
	out, err := putRecords(t, cfg, high, record("refused", 1), low)
	if err != nil {
		t.Fatal(err)
	}
	if *out.FailedRecordCount != 1 || aws.ToString(out.Records[1].ErrorCode) != "ProvisionedThroughputExceededException" || out.Records[2].SequenceNumber == nil {
		t.Errorf("answered %+v", out)
	}
	if a, b := *out.Records[0].ShardId, *out.Records[2].ShardId; a != "shardId-000000000001" || b != "shardId-000000000000" {
		t.Errorf("shards %s and %s", a, b)
	}
	want := []awsfake.Record{
		{Data: []byte("xxx"), PartitionKey: "k", HashKey: *high.ExplicitHashKey},
		{Data: []byte("xxxx"), PartitionKey: "k", HashKey: "0"},
	}
	if diff := cmp.Diff(want, fake.Records("kinesis/orders")); diff != "" {
		t.Errorf("records differ (-want +got):\n%s", diff)
	}
	calls := fake.Calls()
	if len(calls) != 1 || calls[0].Bytes == 0 {
		t.Fatalf("calls %+v", calls)
	}
	calls[0].Bytes = 0
	if diff := cmp.Diff(awsfake.Call{
		N: 1, Service: "kinesis", Operation: "PutRecords", Destination: "orders", Region: "eu-west-1", AccessKey: "AKIAMADEUP", Records: 3,
	}, calls[0]); diff != "" {
		t.Errorf("the call differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kinesis/orders"}, fake.Destinations()); diff != "" {
		t.Errorf("destinations differ (-want +got):\n%s", diff)
	}
}

func TestKinesisLimits(t *testing.T) {
	hash := func(s string) kinesistypes.PutRecordsRequestEntry {
		r := record("k", 1)
		r.ExplicitHashKey = &s
		return r
	}
	many := func(n, size int) []kinesistypes.PutRecordsRequestEntry {
		recs := make([]kinesistypes.PutRecordsRequestEntry, n)
		for i := range recs {
			recs[i] = record("k", size)
		}
		return recs
	}
	tests := []struct {
		name    string
		records []kinesistypes.PutRecordsRequestEntry
		want    string
	}{
		{"most records", many(500, 1), ""},
		{"too many records", many(501, 1), "ValidationException"},
		{"none", many(0, 0), "ValidationException"},
		{"largest record", many(1, 1<<20-1), ""},
		{"record too large", many(1, 1<<20), "ValidationException"},
		{"largest request", many(10, 1<<20-1), ""},
		{"request too large", append(many(10, 1<<20-1), record("k", 0)), "InvalidArgumentException"},
		{"no key", []kinesistypes.PutRecordsRequestEntry{record("", 1)}, "ValidationException"},
		{"longest key", []kinesistypes.PutRecordsRequestEntry{record(strings.Repeat("é", 256), 1)}, ""},
		{"key too long", []kinesistypes.PutRecordsRequestEntry{record(strings.Repeat("é", 257), 1)}, "ValidationException"},
		{"bad hash key", []kinesistypes.PutRecordsRequestEntry{hash("0x1")}, "ValidationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := start(t)
			_, err := putRecords(t, cfg, tt.records...)
			if got := code(t, err); got != tt.want {
				t.Errorf("error %q; want %q", got, tt.want)
			}
			if n := len(fake.Records("kinesis/orders")); tt.want == "" && n != len(tt.records) || tt.want != "" && n != 0 {
				t.Errorf("%d records were taken", n)
			}
		})
	}
	fake, cfg := start(t)
	fake.SetLimit("kinesis/orders", 10<<20)
	if _, err := putRecords(t, cfg, record("k", 10<<20-1)); err != nil {
		t.Errorf("a stream with larger records: %v", err)
	}
	if _, err := kinesis.NewFromConfig(cfg).PutRecords(t.Context(), &kinesis.PutRecordsInput{Records: many(1, 1)}); code(t, err) != "InvalidArgumentException" {
		t.Errorf("no stream: %v", err)
	}
}
