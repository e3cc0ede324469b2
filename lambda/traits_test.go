package lambda_test

import (
	"fmt"
	"testing"

	"fanout/sinks/builtin"
)

// The traits that decide what a check warns of agree with the limits of the sinks.
func TestTraits(t *testing.T) {
	const most = 1000
	destinations := map[string]string{
		"es": "https://search.example.com/orders", "file": "orders.jsonl", "http": "https://hooks.example.com/", "iot": "abc-ats.iot.eu-west-1.amazonaws.com#orders",
		"memcached": "127.0.0.1:1", "redis": "127.0.0.1:1", "s3": "s3://lake", "sns": alerts, "sqs": queue + "out",
		"stepfunctions": "arn:aws:states:eu-west-1:123456789012:stateMachine:out",
	}
	for _, typ := range builtin.Types() {
		to := destinations[typ.Name]
		if to == "" {
			to = "out"
		}
		a := open(t, targets(orders, fmt.Sprintf("id: t, type: %s, destination: %q, maxRecordBytes: %d", typ, to, most)))
		l, err := a.Lease(t.Context(), orders)
		if err != nil {
			t.Fatal(err)
		}
		if l.Targets[0].Fault != nil {
			t.Fatalf("%s: %v", typ, l.Targets[0].Fault)
		}
		limits := l.Targets[0].Sink.Limits()
		if typ.Prefix == limits.OnePerKey {
			t.Errorf("%s: the trait Prefix is %v, and OnePerKey is %v", typ, typ.Prefix, limits.OnePerKey)
		}
		if obeys := 0 < limits.RecordBytes && limits.RecordBytes <= most; typ.FixedRecords == obeys {
			t.Errorf("%s: the trait FixedRecords is %v, and with maxRecordBytes %d the limit is %d", typ, typ.FixedRecords, most, limits.RecordBytes)
		}
		l.Release()
	}
}
