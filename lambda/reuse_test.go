package lambda_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/internal/testing/kpl"
	"fanout/lambda"
)

// Nothing of an event leaks into the next event in the same memory, even if an operator
// invokes the function by hand with a record of the same sequence number.
func TestEventsOfOneSequenceNumber(t *testing.T) {
	a := open(t, targets(orders, "id: f, type: lambda, destination: out, deaggregate: true"))
	for i := range 9 { // the memory need not be the same every time
		arrived := fmt.Sprintf(`"approximateArrivalTimestamp":154508465%d.25`, i)
		region := fmt.Sprintf(`"awsRegion":"eu-west-%d"`, i)
		if got := a.answer(fmt.Sprintf(`{"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"4900","data":%q,%s},`+
			`"eventSource":"aws:kinesis","eventID":"shardId-000000000000:4900","eventSourceARN":%q,%s}]}`,
			base64.StdEncoding.EncodeToString(kpl.Aggregate(kpl.User{Key: "k", Data: "x"}, kpl.User{Key: "k", Data: "y"})), arrived, orders, region)); got != "null" {
			t.Fatal(got)
		}
		records := a.Records("lambda/out")
		if len(records) != 2*(i+1) {
			t.Fatalf("%d records arrived after %d events", len(records), i+1)
		}
		for _, r := range records[2*i:] {
			if text := string(r.Data); !strings.Contains(text, arrived) || !strings.Contains(text, region) {
				t.Errorf("event %d, with %s and %s, arrived as %s", i, arrived, region, text)
			}
		}
	}
}

// Results passed to OnResults stay valid when another event reuses the memory.
func TestResultsOutliveEvents(t *testing.T) {
	a := open(t, targets(orders, "id: k, type: kinesis, destination: out"))
	var kept []engine.Failure
	a.OnResults = func(results []lambda.Result) {
		for _, r := range results {
			for _, target := range r.Report.Targets {
				kept = append(kept, target.Failures...)
			}
		}
	}
	for i := range 9 {
		a.answer(fmt.Sprintf(`{"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"490%d","data":"no base64"},`+
			`"eventSource":"aws:kinesis","eventID":"shardId-00000000000%[1]d:490%[1]d","eventSourceARN":%[2]q}]}`, i, orders))
	}
	if len(kept) != 9 {
		t.Fatalf("%d failures, want 9", len(kept))
	}
	for i, f := range kept {
		if shard, seq := fmt.Sprint("shardId-00000000000", i), fmt.Sprint("490", i); f.Lane != shard || f.Seq != seq {
			t.Errorf("event %d failed with record %s of shard %s, want %s of %s", i, f.Seq, f.Lane, seq, shard)
		}
	}
}
