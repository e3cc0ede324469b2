package lambda_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/redrive"
	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/kpl"
	"fanout/lambda/envelope"
	"fanout/sinks"
)

// sent returns the data of the messages in a queue, in order.
func sent(a *account, queue string) (all []string) {
	for _, r := range a.Records("sqs/" + queue) {
		all = append(all, string(r.Data))
	}
	return all
}

// User records of an aggregate come back in order, whether the program or the queue refused
// them.
func TestRedriveKeepsOrderOfUserRecords(t *testing.T) {
	const attributes = `id: t, type: sqs, collapse: none, deaggregate: true, parallel: false, transform: "`
	const to = `", destination: "` + queue + `out"`
	got := open(t, targets(orders, attributes+`if .n == 2 then error else .n, .n end`+to+`, onFailure: dead`)+inactive(orders))
	got.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Destination == "out" {
			return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
		}
		return nil
	})
	got.deliver(eventOf(kinesisRecord{orders, "shardId-000000000000", "9", "k", kpl.Aggregate(
		kpl.User{Key: "k", Data: `{"n":0}`}, kpl.User{Key: "k", Data: `{"n":1}`}, kpl.User{Key: "k", Data: `{"n":2}`}, kpl.User{Key: "k", Data: `{"n":3}`},
	)}))
	all := got.envelopes()
	again := open(t, targets(orders, attributes+`.n, .n`+to))
	again.redrive(redrive.NewDelivery(again.Handler, sinks.Spec{}), orders, all, 7)
	if diff := cmp.Diff(strings.Fields("0 0 1 1 2 2 3 3"), sent(again, "out")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A filter that the target got since sees no data that a later stage has made.
func TestRedriveFilterSince(t *testing.T) {
	a := open(t, targets(orders, `id: t, type: sqs, collapse: none, transform: ".n", appendNewlines: true, filter: {data: {n: [1]}}, destination: "`+queue+`out"`))
	var all []envelope.Envelope
	for _, e := range []envelope.Envelope{
		{Data: []byte(`"staged"`), Staged: true},
		{Data: []byte(`"transformed"`), Passed: []string{"decompress auto", "deaggregate", "transform"}},
		{Data: []byte(`{"n":1}`), Passed: []string{"decompress auto", "deaggregate"}},
		{Data: []byte(`{"n":2}`)},
		{Data: []byte(`{"n":3}`), Passed: []string{"filter"}},
	} {
		e.Version, e.Source, e.Target = envelope.Version, orders, "t"
		all = append(all, e)
	}
	done, _, err := redrive.NewDelivery(a.Handler, sinks.Spec{}).Deliver(t.Context(), orders, "t", all)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{true, true, true, true, true}, done); diff != "" {
		t.Errorf("done (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{`"staged"`, "\"transformed\"\n", "1\n", "3\n"}, sent(a, "out")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
