package lambda_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
	"fanout/lambda/event"
)

// mixed has records of two streams with two shards each, of a table and of a topic,
// in no order.
func mixed() string {
	return eventOf(
		kinesisRecord{orders, "shardId-000000000000", "100", "k1", []byte("order 1")},
		notification{"95df01b4", "alert 1"},
		kinesisRecord{clicks, "shardId-000000000000", "9", "k1", []byte("click 1")},
		kinesisRecord{orders, "shardId-000000000001", "7", "k2", []byte("order 2")},
		insertedItem{"4711", "17"},
		kinesisRecord{clicks, "shardId-000000000007", "10", "k2", []byte("click 2")},
		kinesisRecord{orders, "shardId-000000000000", "101", "k1", []byte("order 3")},
	)
}

// toEach writes a Kinesis target of each source, named after it.
func toEach(sources map[string]string, more string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for name, arn := range sources {
		fmt.Fprintf(&b, "- {sourceArn: %q, id: %s, type: kinesis, destination: %s, active: true, %s}\n", arn, name, name, more)
	}
	return b.String()
}

var allSources = map[string]string{"orders": orders, "clicks": clicks, "customers": customers, "alerts": alerts}

// One event may mix sources and shards; each source has its own targets.
func TestMixedEvent(t *testing.T) {
	a := open(t, toEach(allSources, "convertDDB: true"))
	results := a.handle(mixed())

	type result struct {
		Source    string
		Kind      event.Kind
		Records   int
		Target    string
		Delivered int
	}
	var got []result
	for _, r := range results {
		for i, t := range r.Report.Targets {
			got = append(got, result{r.SourceARN, r.Kind, r.Records(), r.Targets[i].ID, t.Delivered})
		}
	}
	if diff := cmp.Diff([]result{
		{orders, event.Kinesis, 3, "orders", 3}, {alerts, event.SNS, 1, "alerts", 1},
		{clicks, event.Kinesis, 2, "clicks", 2}, {customers, event.DynamoDB, 1, "customers", 1},
	}, got); diff != "" {
		t.Error(diff)
	}
	arrived := map[string]map[string]int{}
	for _, d := range a.Destinations() {
		arrived[d] = a.arrivals(d)
	}
	if diff := cmp.Diff(map[string]map[string]int{
		"kinesis/orders": {"order 1": 1, "order 2": 1, "order 3": 1}, "kinesis/clicks": {"click 1": 1, "click 2": 1},
		"kinesis/customers": {`{"id":"17"}`: 1}, "kinesis/alerts": {"alert 1": 1},
	}, arrived); diff != "" {
		t.Error(diff)
	}
}

// For a mixed event, the answer names failures shard by shard, in every stream.
func TestMixedEventFails(t *testing.T) {
	fail := func(destinations ...string) func(awsfake.Call) *awsfake.Fault {
		return func(c awsfake.Call) *awsfake.Fault {
			for _, d := range destinations {
				if c.Destination == d {
					return &awsfake.Fault{Code: "AccessDeniedException", Message: "no"}
				}
			}
			return nil
		}
	}
	for name, tt := range map[string]struct {
		report bool
		fault  func(awsfake.Call) *awsfake.Fault
		want   string
	}{
		"streams, reported": {true, fail("orders", "clicks", "customers"),
			`{"batchItemFailures":[{"itemIdentifier":"100"},{"itemIdentifier":"7"},{"itemIdentifier":"9"},{"itemIdentifier":"10"},{"itemIdentifier":"4711"}]}`},
		"a topic, reported": {true, fail("clicks", "alerts"),
			`error: 1 of 1 records failed at target "alerts": kinesis alerts: AccessDeniedException: access is denied: check credentials and permissions: no; ` +
				`2 of 2 records failed at target "clicks": kinesis clicks: AccessDeniedException: access is denied: check credentials and permissions: no`},
		"a stream": {false, fail("clicks"),
			`error: 2 of 2 records failed at target "clicks": kinesis clicks: AccessDeniedException: access is denied: check credentials and permissions: no`},
		"nothing, reported": {true, nil, `{"batchItemFailures":[]}`},
		"nothing":           {false, nil, "null"},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, toEach(allSources, ""), func(o *lambda.Options) { o.ReportBatchItemFailures = tt.report })
			a.OnCall(tt.fault)
			if got := a.answer(mixed()); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// An event by an enhanced fan-out consumer goes to the targets of the stream, unless the
// consumer has some of its own.
func TestConsumer(t *testing.T) {
	const consumer = orders + "/consumer/fanout:1700000000"
	stream := targets(orders, "id: all, type: kinesis, destination: all")
	event := eventOf(kinesisRecord{consumer, "shard", "1", "k", []byte("one")})
	a := open(t, stream)
	a.deliver(event)
	if got := a.arrivals("kinesis/all"); got["one"] != 1 {
		t.Errorf("the stream's target has %v", got)
	}
	a = open(t, stream+strings.TrimPrefix(targets(consumer, "id: own, type: kinesis, destination: own"), "targets:\n"))
	a.deliver(event)
	if all, own := a.arrivals("kinesis/all"), a.arrivals("kinesis/own"); all["one"] != 0 || own["one"] != 1 {
		t.Errorf("the stream's target has %v, the consumer's own %v", all, own)
	}
}

// Lambda hands over at most 6 MB of JSON and 10,000 records.
func TestLargeEvents(t *testing.T) {
	for name, c := range map[string]struct{ records, size int }{"6 MB": {4, 1<<20 - 100}, "10,000 records": {10_000, 100}} {
		t.Run(name, func(t *testing.T) {
			data := make([][]byte, c.records)
			for i := range data {
				data[i] = binaryRecord(i, c.size)
			}
			a := open(t, targets(orders, "id: x, type: kinesis, destination: x, parallel: false"))
			a.deliver(orderEvent(data...))
			got := a.arrivals("kinesis/x")
			for _, d := range data {
				if got[string(d)] != 1 {
					t.Fatalf("a record arrived %d times", got[string(d)])
				}
			}
		})
	}
}

func TestEventErrors(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: kinesis, destination: x"))
	for event, want := range map[string]string{
		`{"Records":[]}`:                         "null",
		`{"Records":null}`:                       "null",
		`{}`:                                     `error: the event has no Records, only {}; fanout accepts events from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka`,
		`{"detail":{}}`:                          `error: the event has no Records, only "detail"; fanout accepts events from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka`,
		`{"Records":[{"eventSource":"aws:s3"}]}`: `error: the event's Records[0] comes from "aws:s3"; fanout accepts aws:kinesis, aws:dynamodb, aws:sns and aws:sqs`,
		`{"Records":[{"eventSource":"aws:kinesis"}]}`: `error: the event's Records[0] comes from aws:kinesis but has no eventSourceARN`,
		`"secret"`: `error: the event is a string, not an object with Records from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka`,
	} {
		if got := a.answer(event); got != want {
			t.Errorf("%s: got %s\nwant %s", event, got, want)
		}
	}
}

// OnResults gets the results of each event. If it panics, the function continues.
func TestOnResults(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: kinesis, destination: x"))
	var heard []lambda.Result
	a.OnResults = func(r []lambda.Result) { heard = append(heard, r...) }
	if got := a.answer(orderEvent([]byte("one"))); got != "null" {
		t.Errorf("got %s", got)
	}
	if len(heard) != 1 || heard[0].Records() != 1 {
		t.Errorf("heard %+v", heard)
	}
	a.logged()
	a.OnResults = func([]lambda.Result) { panic("s3cr3t") }
	if got := a.answer(orderEvent([]byte("two"))); got != "error: the function panicked; its log has the stack" {
		t.Errorf("got %s", got)
	}
	if log := a.log.String(); !strings.Contains(log, "TestOnResults") || strings.Contains(log, "s3cr3t") {
		t.Errorf("the log does not say where, or what not to: %s", log)
	}
	a.OnResults = nil
	if got := a.answer(orderEvent([]byte("three"))); got != "null" {
		t.Errorf("after a panic: %s", got)
	}
}

// An ARN leads to the region that it names.
func TestDestinationARN(t *testing.T) {
	a := open(t, targets(orders,
		"id: stream, type: kinesis, destination: 'arn:aws:kinesis:us-east-1:210987654321:stream/x'",
		"id: lake, type: firehose, destination: 'arn:aws:firehose:us-east-2:210987654321:deliverystream/x'",
		"id: queue, type: sqs, destination: 'arn:aws:sqs:us-west-1:210987654321:x'",
		"id: topic, type: sns, destination: 'arn:aws:sns:us-west-2:210987654321:x'"))
	a.deliver(orderEvent([]byte("one")))
	got := map[string]string{}
	for _, c := range a.Calls() {
		got[c.Service+"/"+c.Destination] = c.Region
	}
	if diff := cmp.Diff(map[string]string{"kinesis/x": "us-east-1", "firehose/x": "us-east-2", "sqs/x": "us-west-1", "sns/x": "us-west-2"}, got); diff != "" {
		t.Error(diff)
	}
}
