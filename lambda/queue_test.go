package lambda_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
)

// received returns an event with messages of a queue. Each is written as its id, the number
// of times that it was received, and for a FIFO queue its group and sequence number: m1 2 g 7.
func received(queue string, messages ...string) string {
	records := make([]eventRecord, len(messages))
	for i, text := range messages {
		q := queued{queue: queue}
		if _, err := fmt.Sscan(text, &q.id, &q.count); err != nil {
			panic(err)
		}
		_, _ = fmt.Sscan(text, &q.id, &q.count, &q.group, &q.seq)
		records[i] = q
	}
	return eventOf(records...)
}

// named returns the ids in an answer, or the answer if it is none.
func named(answer string) string {
	text, ok := strings.CutPrefix(answer, `{"batchItemFailures":[`)
	if !ok {
		return answer
	}
	return strings.NewReplacer(`{"itemIdentifier":"`, "", `"}`, "", ",", " ", "]", "", "}", "").Replace(text)
}

// queueStep is an event of a queue, what refuses it, and what becomes of it.
type queueStep struct {
	name   string
	event  []string
	refuse string
	answer string // the messages that Lambda sends again
	a, b   string // the messages that arrived
	calls  string // of the ledger
}

// runQueueSteps runs steps, and expects the ledger to be empty in the end.
func runQueueSteps(t *testing.T, a *account, before func(), queue string, steps []queueStep) {
	t.Helper()
	calls := 0
	for _, step := range steps {
		before()
		a.refuse(step.refuse)
		had := [2]int{len(a.arrived("kinesis/a")), len(a.arrived("kinesis/b"))}
		answer := named(a.answer(received(queue, step.event...)))
		got := queueStep{
			step.name, step.event, step.refuse, answer,
			inAnyOrder(a.arrived("kinesis/a")[had[0]:]), inAnyOrder(a.arrived("kinesis/b")[had[1]:]), strings.Join(a.operations(&calls), " "),
		}
		if diff := cmp.Diff(step, got, cmp.AllowUnexported(queueStep{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.name, diff)
		}
	}
	if items := a.Items("ledger"); len(items) != 0 {
		t.Errorf("the ledger still has %v", items)
	}
}

// inAnyOrder sorts words: groups are delivered in any order.
func inAnyOrder(words []string) string { return strings.Join(slices.Sorted(slices.Values(words)), " ") }

// Messages of a standard queue come again in other batches. Each is known by itself, and only
// those that come again are looked up.
func TestQueue(t *testing.T) {
	steps := []queueStep{
		{"new", []string{"m1 1", "m2 1"}, "", "", "m1 m2", "m1 m2", ""},
		{"fails at one target", []string{"m3 1", "m4 1", "m5 1"}, "b", "m3 m4 m5", "m3 m4 m5", "", "PutItem PutItem PutItem"},
		{"again, beside a new one", []string{"m6 1", "m4 2"}, "", "", "m6", "m4 m6", "Query DeleteItem"},
		{"again, and fails", []string{"m5 2"}, "b", "m5", "", "", "Query"},
		{"again, fails at the other", []string{"m3 2", "m5 3"}, "a", "", "", "m3 m5", "Query Query DeleteItem DeleteItem"},
		{"handed out twice", []string{"m7 1", "m8 1", "m7 1"}, "", "", "m7 m7 m8", "m7 m7 m8", ""},
	}
	t.Run("by a new instance", func(t *testing.T) {
		a, renew := openLedger(t, targets(jobs, two...))
		runQueueSteps(t, a, renew, jobs, steps)
	})
	t.Run("by one instance", func(t *testing.T) {
		for i := range steps {
			steps[i].calls = ""
		}
		a := open(t, targets(jobs, two...), func(o *lambda.Options) { o.ReportBatchItemFailures = true })
		runQueueSteps(t, a, func() {}, jobs, steps)
	})
}

// The messages of a group come again from the first that failed on. Other groups go on.
func TestFIFOQueue(t *testing.T) {
	a, renew := openLedger(t, targets(jobs+".fifo", "id: a, type: kinesis, destination: a", "id: b, type: kinesis, destination: b, parallel: false"))
	runQueueSteps(t, a, renew, jobs+".fifo", []queueStep{
		{"new", []string{"m1 1 g 1", "m2 1 h 2"}, "", "", "m1 m2", "m1 m2", ""},
		{"fails", []string{"m3 1 g 3", "m4 1 h 4", "m5 1 g 5"}, "b", "m3 m4 m5", "m3 m4 m5", "", "PutItem PutItem"},
		{"the first of a group again", []string{"m3 2 g 3"}, "", "", "", "m3", "Query"},
		{"the rest, beside a new one", []string{"m5 2 g 5", "m6 1 g 6"}, "", "", "m6", "m5 m6", "Query DeleteItem"},
		{"the other group again, and fails", []string{"m4 2 h 4", "m7 1 h 7", "m8 1 g 8"}, "b", "m4 m7 m8", "m7 m8", "", "Query PutItem PutItem"},
		{"all again", []string{"m4 3 h 4", "m8 2 g 8", "m7 2 h 7"}, "", "", "", "m4 m7 m8", "Query Query DeleteItem DeleteItem DeleteItem"},
	})
}

// A record that can never be delivered holds up its group, and no other.
func TestGroupIsHeldUp(t *testing.T) {
	a := open(t, targets(jobs+".fifo", "id: a, type: kinesis, destination: a, parallel: false, transform: 'if . == \"m2\" then error(\"no\") else . end', transformOutput: text"),
		func(o *lambda.Options) { o.ReportBatchItemFailures = true })
	event := []string{"m1 1 g 1", "m2 1 g 2", "m3 1 h 3", "m4 1 g 4", "m5 1 h 5"}
	if got := named(a.answer(received(jobs+".fifo", event...))); got != "m2 m4" {
		t.Errorf("the answer names %s", got)
	}
	if got := a.arrivals("kinesis/a"); len(got) != 3 || got["m1"] != 1 || got["m3"] != 1 || got["m5"] != 1 {
		t.Errorf("arrived: %v", got)
	}
}

// A queue without ReportBatchItemFailures gets an error, and knows all messages when they
// come again.
func TestQueueWithoutReport(t *testing.T) {
	a := open(t, targets(jobs, two...), func(o *lambda.Options) { o.ReportBatchItemFailures = false })
	a.refuse("b")
	if got := a.answer(received(jobs, "m1 1", "m2 1")); !strings.HasPrefix(got, `error: 2 of 2 records failed at target "b"`) {
		t.Errorf("the answer is %s", got)
	}
	a.refuse("")
	if got := a.answer(received(jobs, "m2 2", "m1 2", "m3 1")); got != "null" {
		t.Errorf("the answer is %s", got)
	}
	if diff := cmp.Diff([]string{"m1", "m2", "m3"}, a.arrived("kinesis/a")); diff != "" {
		t.Error(diff)
	}
}

// Messages to queues and topics keep the attributes that their sender set.
func TestQueueToQueue(t *testing.T) {
	a := open(t, targets(jobs, "id: a, type: sqs, collapse: none, destination: '"+queue+"copy'"))
	a.deliver(eventOf(queued{queue: jobs, id: "m1", count: 1, attributes: map[string]any{
		"kind": map[string]any{"stringValue": "order", "dataType": "String"}, "blob": map[string]any{"binaryValue": "AAE=", "dataType": "Binary"},
	}}))
	got := a.Records("sqs/copy")
	if len(got) != 1 {
		t.Fatal(got)
	}
	want := map[string]awsfake.Attribute{
		"kind": {Type: "String", Value: "order"}, "blob": {Type: "Binary", Value: "\x00\x01"}, "key": {Type: "String", Value: "m1"}, "action": {Type: "String", Value: "MESSAGE"},
	}
	if diff := cmp.Diff(want, got[0].Attributes); diff != "" {
		t.Error(diff)
	}
}

// The answer names each failed record of a Kafka topic. When the event comes again, only what
// is missing is sent. A tombstone is a record without data.
func TestKafkaSource(t *testing.T) {
	const event = `{"eventSource":"SelfManagedKafka","bootstrapServers":"b2:9092,b1:9092","records":{` +
		`"orders-0":[{"topic":"orders","partition":0,"offset":7,"value":"bTE="},{"topic":"orders","partition":0,"offset":8,"value":"bTI="}],` +
		`"orders-1":[{"topic":"orders","partition":1,"offset":7,"value":"bTM="}]}}`
	a := open(t, targets("kafka://b1:9092,b2:9092/orders", two...), func(o *lambda.Options) { o.ReportBatchItemFailures = true })
	a.refuse("b")
	const want = `{"batchItemFailures":[{"itemIdentifier":{"partition":"orders-0","offset":7}},` +
		`{"itemIdentifier":{"partition":"orders-0","offset":8}},{"itemIdentifier":{"partition":"orders-1","offset":7}}]}`
	if got := a.answer(event); got != want {
		t.Errorf("the answer is %s", got)
	}
	a.refuse("")
	if got := a.answer(event); got != `{"batchItemFailures":[]}` {
		t.Errorf("the answer is %s", got)
	}
	for _, target := range []string{"kinesis/a", "kinesis/b"} {
		if got := inAnyOrder(a.arrived(target)); got != "m1 m2 m3" {
			t.Errorf("%s got %s", target, got)
		}
	}
}
