package lambda_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fanout/lambda/envelope"
)

// oldQueue is the MaximumMessageSize of queues that were made before SQS took 1 MiB.
const oldQueue = 262_144

// Six records of 100 KB make one message of 600,133 bytes. A queue or topic with a lower
// limit than the service's gets them in smaller ones.
func TestMessagesFitTheDestinationsLimit(t *testing.T) {
	for name, c := range map[string]struct{ destination, attributes string }{
		"queue":      {"sqs/q", "type: sqs, destination: " + queue + "q"},
		"fifo queue": {"sqs/q.fifo", "type: sqs, destination: " + queue + "q.fifo, parallel: false"},
		"concat":     {"sqs/q", "type: sqs, collapse: concat, destination: " + queue + "q"},
		"topic":      {"sns/q", `type: sns, maxRecordBytes: 1048576, destination: "` + topic + `q"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, targets(orders, "id: t, "+c.attributes))
			a.SetLimit(c.destination, oldQueue)
			event := orderEvent(largeRecords()...)
			a.deliver(event)
			wantInOrder(t, a, c.destination)
			before := len(a.Calls())
			a.deliver(orderEvent([]byte(strings.Repeat("x", 200_000)))) // as large as a queue takes
			a.deliver(strings.ReplaceAll(event, "49590338271490256", "59590338271490256"))
			if n := len(a.Calls()) - before; n > 7 {
				t.Errorf("%d calls for what was learned", n)
			}
		})
	}
}

func largeRecords() [][]byte {
	data := make([][]byte, 6)
	for i := range data {
		data[i] = fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, strings.Repeat("x", 100_000))
	}
	return data
}

// wantInOrder checks that a destination has the large records once, in order.
func wantInOrder(t *testing.T, a *account, destination string) {
	t.Helper()
	var order []string
	for _, m := range a.Records(destination) {
		for part := range bytes.SplitSeq(m.Data, []byte(`{"n":`)) {
			if n, _, ok := bytes.Cut(part, []byte(`,"text"`)); ok {
				order = append(order, string(n))
			}
		}
	}
	if !strings.HasSuffix(destination, ".fifo") {
		slices.Sort(order)
	}
	if got := strings.Join(order, " "); got != "0 1 2 3 4 5" {
		t.Errorf("%s has the records %s", destination, got)
	}
}

// An envelope of a message that is too large for the failure queue becomes several.
func TestEnvelopesFitTheFailureQueue(t *testing.T) {
	a := open(t, targets(orders,
		"id: t, onFailure: dead, type: sqs, destination: "+queue+"missing",
		"id: dead, type: sqs, collapse: none, destination: "+queue+"dead")+
		"\n")
	a.SetLimit("sqs/missing", 10) // it takes no record at all
	a.SetLimit("sqs/dead", oldQueue)
	for _, r := range a.handle(orderEvent(largeRecords()...)) {
		if got := r.Report.Targets[0]; got.Diverted != 6 {
			t.Errorf("%d records diverted, %d failed: %v", got.Diverted, got.Failed, got.Failures)
		}
	}
	records := 0
	for _, m := range a.Records("sqs/dead") {
		var e envelope.Envelope
		if err := json.Unmarshal(m.Data, &e); err == nil && e.Target == "t" {
			records += max(1, e.Records)
		}
	}
	if records != 6 {
		t.Errorf("the envelopes have %d records", records)
	}
}
