package lambda_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// Nothing of an event is told of the next, which has its memory: here not even where
// somebody invokes the function by hand with a record of the same sequence number.
func TestEventsOfOneSequenceNumber(t *testing.T) {
	a := open(t, targets(orders, "id: f, type: lambda, destination: out, deaggregate: true"))
	for i := range 9 { // the memory need not be the same every time
		arrived := fmt.Sprintf(`"approximateArrivalTimestamp":154508465%d.25`, i)
		region := fmt.Sprintf(`"awsRegion":"eu-west-%d"`, i)
		if got := a.answer(fmt.Sprintf(`{"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"4900","data":%q,%s},`+
			`"eventSource":"aws:kinesis","eventID":"shardId-000000000000:4900","eventSourceARN":%q,%s}]}`,
			base64.StdEncoding.EncodeToString(aggregate("x", "y")), arrived, orders, region)); got != "null" {
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
