package lambda_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
)

func TestExplain(t *testing.T) {
	a := open(t, targets(orders,
		"id: replica, type: kinesis, destination: replica, deaggregate: true, parallel: false, lanes: 2, order: request, inFlight: 2, batchRecords: 50",
		"id: lake, type: firehose, destination: lake, deaggregate: true, appendNewlines: true, batchRecords: 100",
		"id: queue, type: sqs, deaggregate: true, batchBytes: 100000, "+to("sqs", "queue", ""),
		"id: topic, type: sns, collapse: concat, maxRecordBytes: 1000, "+to("sns", "topic", ""),
		"id: late, type: firehose, destination: 'no/name'"))
	got, err := a.Explain(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
records
├─ deaggregate
│  ├─ → replica (kinesis replica), requests in order in 2 lanes, 2 in flight, ≤ 50 records, ≤ 10485760 bytes per request, ≤ 1048576 bytes per record
│  ├─ newline
│  │  └─ shape ≤ 100 records
│  │     └─ → lake (firehose lake), 6 in flight, ≤ 500 records, ≤ 4194304 bytes per request, ≤ 1024000 bytes per record
│  └─ collapse JSON ≤ 100000 bytes
│     └─ → queue (sqs queue), 6 in flight, ≤ 10 records, ≤ 1048576 bytes per request, ≤ 1048576 bytes per record
└─ collapse concat ≤ 980 bytes
   └─ → topic (sns topic), 6 in flight, ≤ 10 records, ≤ 1000 bytes per request, ≤ 1000 bytes per record
✗ late: FILE:6: destination: "no/name" is not the name of a deliverystream (at most 64 letters, digits and _ . -); write the name, or an ARN like arn:aws:firehose:eu-west-1:123456789012:deliverystream/name
`, "\n")
	if diff := cmp.Diff(want, strings.ReplaceAll(got, a.file, "FILE")); diff != "" {
		t.Error(diff)
	}
	if len(a.Calls()) > 0 {
		t.Errorf("explaining made calls: %v", a.Calls())
	}
	for _, source := range []string{"orders", "arn:aws:s3:::bucket"} {
		if _, err := a.Explain(t.Context(), source); err == nil || !strings.Contains(err.Error(), "is not the ARN of a Kinesis stream, DynamoDB stream, SNS topic, SQS queue or Kafka topic") {
			t.Errorf("%s: %v", source, err)
		}
	}
	a.configure("targets: 1")
	if _, err := a.Explain(t.Context(), clicks); err == nil || !strings.Contains(err.Error(), "targets is not a list") {
		t.Error(err)
	}
}

func TestSources(t *testing.T) {
	got, err := lambda.Sources([]byte(mixed()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]lambda.Source{{ARN: orders}, {ARN: alerts, First: 1}, {ARN: clicks, First: 2}, {ARN: customers, First: 4}}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := lambda.Sources([]byte("{}")); err == nil {
		t.Error("an event without Records is no error")
	}
}
