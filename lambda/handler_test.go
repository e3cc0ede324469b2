package lambda_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

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

// A target with faults is named with all of them, gets nothing, and its records fail. Other
// targets continue.
func TestFaultyTarget(t *testing.T) {
	a := open(t, `
targets:
- {sourceArn: "`+orders+`", id: good, type: kinesis, destination: good, active: true}
- {sourceArn: "`+orders+`", id: bad, type: kinesis, destination: "not a stream", active: "yes", region: nowhere, role: someone, parallel: 1}
- {sourceArn: "`+orders+`", id: rests, type: teapot, active: false}
`)
	report := a.handle(orderEvent([]byte("one"), []byte("two")))[0].Report
	if n := len(report.Targets); n != 2 {
		t.Fatalf("%d targets are reported, want the two that are active", n)
	}
	if good := report.Targets[0]; good.ID != "good" || good.Delivered != 2 || good.Failed != 0 {
		t.Errorf("got %+v", good)
	}
	bad := report.Targets[1]
	if bad.ID != "bad" || bad.Failed != 2 || bad.Requests != 0 || len(bad.Failures) != 1 {
		t.Fatalf("got %+v", bad)
	}
	where := func(line int) string { return fmt.Sprintf("%s:%d: ", a.file, line) }
	want := strings.Join([]string{
		where(4) + `active: is a string (S); it must be a boolean (BOOL): write true or false`,
		where(4) + `parallel: is a number (N); it must be a boolean (BOOL): write true or false`,
		where(4) + `destination: "not a stream" is not the name of a stream (at most 128 letters, digits and _ . -); write the name, or an ARN like arn:aws:kinesis:eu-west-1:123456789012:stream/name`,
		where(4) + `role: "someone" is not an ARN; write one like arn:aws:iam::123456789012:role/name`,
		where(4) + `region: "nowhere" is not a region; write one like eu-west-1`,
	}, "\n")
	if diff := cmp.Diff(want, bad.Failures[0].Err.Error()); diff != "" {
		t.Error(diff)
	}
	log := a.logged()
	if len(log) != 2 || log[1].Target != "bad" || log[1].Level != "error" || log[1].Failed != 2 || log[1].Failures[0].Error != want {
		t.Errorf("the log says %+v", log)
	}
	if got := a.answer(orderEvent([]byte("three"))); got != `error: 1 of 1 records failed at target "bad": `+want {
		t.Errorf("the answer is %s", got)
	}
	if got := a.Destinations(); len(got) != 1 {
		t.Errorf("records went to %v", got)
	}
}

// A faulty target fails only its own records. An inactive target gets nothing.
func TestTargetsThatGetNothing(t *testing.T) {
	a := open(t, targets(orders,
		"id: things, type: firehose, destination: 'no/name'",
		"id: good, type: firehose, destination: good",
	)+`- {sourceArn: "`+orders+`", id: retired, type: kinesis, destination: retired, active: false}
`)
	report := a.handle(orderEvent([]byte("one")))[0].Report
	var got []string
	for _, r := range report.Targets {
		text := fmt.Sprintf("%s: %d delivered, %d failed", r.ID, r.Delivered, r.Failed)
		for _, f := range r.Failures {
			text += ", " + strings.ReplaceAll(f.Err.Error(), a.file, "FILE")
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{
		"things: 0 delivered, 1 failed, FILE:2: destination: \"no/name\" is not the name of a deliverystream" +
			" (at most 64 letters, digits and _ . -); write the name, or an ARN like arn:aws:firehose:eu-west-1:123456789012:deliverystream/name",
		"good: 1 delivered, 0 failed",
	}, got); diff != "" {
		t.Error(diff)
	}
	if got := a.Destinations(); len(got) != 1 || got[0] != "firehose/good" {
		t.Errorf("records went to %v", got)
	}
}

// Records of a source without targets fail. Other sources' records do not.
func TestNoTargets(t *testing.T) {
	a := open(t, targets(clicks, "id: x, type: kinesis, destination: x"), func(o *lambda.Options) { o.ReportBatchItemFailures = true })
	event := eventOf(kinesisRecord{clicks, "shard", "7", "k", []byte("click")}, kinesisRecord{orders, "shard", "9", "k", []byte("b")}, kinesisRecord{orders, "shard", "8", "k", []byte("a")})
	if got, want := a.answer(event), `{"batchItemFailures":[{"itemIdentifier":"8"}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := a.arrivals("kinesis/x"); got["click"] != 1 {
		t.Errorf("the other source's records are %v", got)
	}
	var fault string
	for _, e := range a.logged() {
		if e.Target == lambda.NoTarget && e.Level == "error" && e.Source == orders && e.Failed == 2 && len(e.Failures) == 1 {
			fault = e.Failures[0].Error
		}
	}
	want := orders + " has no target in the targets file " + a.file + " (it has targets of " + clicks + "); add one, or set FANOUT_UNKNOWN_SOURCE=ignore to let its records pass undelivered (fanout run: --unknown-source ignore)"
	if fault != want {
		t.Errorf("the log says %s\nwant %s", fault, want)
	}
	if err := a.Unclaimed(t.Context(), orders); err == nil || err.Error() != want {
		t.Errorf("unclaimed: %v", err)
	}
	if err := a.Unclaimed(t.Context(), clicks); err != nil {
		t.Errorf("clicks: %v", err)
	}
}

// A target that is added, or removed, is seen by the next event.
func TestNoTargetsAnyMore(t *testing.T) {
	a := open(t, targets(clicks), func(o *lambda.Options) { o.ConfigTTL = time.Nanosecond })
	fails := func() bool {
		return strings.HasPrefix(a.answer(orderEvent([]byte("one"))), "error: 1 of 1 records failed")
	}
	if !fails() {
		t.Error("no target: the event succeeds")
	}
	a.configure(targets(orders, "id: x, type: kinesis, destination: x"))
	if fails() {
		t.Error("a target is added, and the event fails")
	}
	a.configure(targets(orders))
	if !fails() {
		t.Error("the target is removed: the event succeeds")
	}
}

// With the operator's option, records pass undelivered with a warning if the source has no
// targets or all its targets are inactive.
func TestNoTargetsOnPurpose(t *testing.T) {
	for name, c := range map[string]struct {
		targets string
		ignore  bool
	}{
		"ignored":  {targets(clicks, "id: x, type: kinesis, destination: x"), true},
		"inactive": {`targets: [{sourceArn: "` + orders + `", id: x, type: kinesis, destination: x, active: false}]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, c.targets, func(o *lambda.Options) { o.IgnoreUnknownSource = c.ignore })
			for range 2 {
				if got := a.answer(orderEvent([]byte("one"))); got != "null" {
					t.Errorf("got %s", got)
				}
			}
			log := a.logged()
			if len(log) != 1 || log[0].Msg != "no active target for the source, its records are acknowledged undelivered" || log[0].Level != "warn" || log[0].Source != orders {
				t.Errorf("the log says %+v", log)
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
		`{"Records":[]}`:   "null",
		`{"Records":null}`: "null",
		`{}`:               `error: the event has no Records, only {}; fanout takes events of aws:kinesis, aws:dynamodb and aws:sns`,
		`{"detail":{}}`:    `error: the event has no Records, only "detail"; fanout takes events of aws:kinesis, aws:dynamodb and aws:sns`,
		`{"Records":[{"eventSource":"aws:sqs"}]}`:     `error: the event's Records[0] comes from "aws:sqs"; fanout takes aws:kinesis, aws:dynamodb and aws:sns`,
		`{"Records":[{"eventSource":"aws:kinesis"}]}`: `error: the event's Records[0] comes from aws:kinesis but has no eventSourceARN`,
		`"secret"`: `error: the event is a string, not an object with Records from aws:kinesis, aws:dynamodb and aws:sns`,
	} {
		if got := a.answer(event); got != want {
			t.Errorf("%s: got %s\nwant %s", event, got, want)
		}
	}
	if _, err := a.Handle(t.Context(), []byte("[")); !lambda.IsBadEvent(err) {
		t.Errorf("%v is not known as an error of the event", err)
	}
	if lambda.IsBadEvent(nil) {
		t.Error("no error is known as one of the event")
	}
}

// Every target has a line in the log, every invocation, and no line has a payload.
func TestLog(t *testing.T) {
	const secret = "s3cr3t"
	data := make([][]byte, 30)
	for i := range data {
		data[i] = fmt.Appendf(nil, `{"%s":%d}`, secret, i)
	}
	data = append(data, bytes.Repeat([]byte(secret), 300<<10/len(secret))) // too large for SNS
	a := open(t, targets(orders,
		"id: refused, type: kinesis, destination: refused", "id: throttled, type: firehose, destination: throttled",
		"id: large, type: sns, collapse: none, "+to("sns", "large", ""), "id: echo, type: sqs, collapse: none, "+to("sqs", "echo", ""),
		"id: bad, type: sqs, destination: "+`"`+strings.Repeat("x", 99)+`"`,
	), func(o *lambda.Options) { o.LogLevel = zapcore.DebugLevel })
	throttled := false
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		switch c.Destination {
		case "refused": // as Kinesis does, with the value
			return &awsfake.Fault{Code: "ValidationException", Message: "1 validation error detected: Value '" + secret + "' at 'records.1.member.data' failed to satisfy constraint: Member must be nice"}
		case "echo":
			return &awsfake.Fault{Status: 403, Body: []byte(secret)}
		case "throttled":
			if !throttled {
				throttled = true
				return &awsfake.Fault{Refuse: map[int]string{0: "ServiceUnavailableException"}}
			}
		}
		return nil
	})
	for n := range 2 {
		answer := a.answer(orderEvent(data...))
		for _, text := range []string{answer, a.log.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("a payload is in %s", text)
			}
		}
		lines := map[string]int{}
		for _, e := range a.logged() {
			lines[e.Target]++
			if e.Delivered+e.Already+e.Dropped+e.Failed != len(data) {
				t.Errorf("the numbers of %q do not add up to %d: %+v", e.Target, len(data), e)
			}
			if e.Target == "throttled" {
				want := []entry{{Msg: "delivered", Delivered: len(data)}, {Msg: "already delivered", Already: len(data)}}[n]
				if e.Msg != want.Msg || e.Delivered != want.Delivered || e.Already != want.Already {
					t.Errorf("invocation %d: the log says %+v", n, e)
				}
			}
		}
		if diff := cmp.Diff(map[string]int{"refused": 1, "throttled": 1, "large": 1, "echo": 1, "bad": 1}, lines); diff != "" {
			t.Errorf("invocation %d has other lines than one a target: %s", n, diff)
		}
	}
}

// Messages below the level are not logged.
func TestLogLevel(t *testing.T) {
	a := open(t, targets(orders, "id: x, type: kinesis, destination: x, colour: blue"), func(o *lambda.Options) { o.LogLevel = zapcore.WarnLevel })
	a.deliver(orderEvent([]byte("one")))
	log := a.logged()
	if len(log) != 1 || log[0].Level != "warn" || log[0].Error != a.file+`:2: target "x": colour: unknown attribute, ignored` {
		t.Errorf("the log says %+v", log)
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

func TestExplain(t *testing.T) {
	a := open(t, targets(orders,
		"id: replica, type: kinesis, destination: replica, deaggregate: true, parallel: false, inFlight: 2",
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
│  ├─ → replica (kinesis replica), in order, 2 in flight, ≤ 500 records, ≤ 10485760 bytes a request, ≤ 1048576 bytes a record
│  ├─ newline
│  │  └─ shape ≤ 100 records
│  │     └─ → lake (firehose lake), 6 in flight, ≤ 500 records, ≤ 4194304 bytes a request, ≤ 1024000 bytes a record
│  └─ collapse JSON ≤ 100000 bytes
│     └─ → queue (sqs queue), 6 in flight, ≤ 10 records, ≤ 1048576 bytes a request, ≤ 1048576 bytes a record
└─ collapse concat ≤ 980 bytes
   └─ → topic (sns topic), 6 in flight, ≤ 10 records, ≤ 1000 bytes a request, ≤ 1000 bytes a record
✗ late: FILE:6: destination: "no/name" is not the name of a deliverystream (at most 64 letters, digits and _ . -); write the name, or an ARN like arn:aws:firehose:eu-west-1:123456789012:deliverystream/name
`, "\n")
	if diff := cmp.Diff(want, strings.ReplaceAll(got, a.file, "FILE")); diff != "" {
		t.Error(diff)
	}
	if len(a.Calls()) > 0 {
		t.Errorf("explaining made calls: %v", a.Calls())
	}
	for _, source := range []string{"orders", "arn:aws:s3:::bucket"} {
		if _, err := a.Explain(t.Context(), source); err == nil || !strings.Contains(err.Error(), "is not the ARN of a Kinesis stream, DynamoDB stream or SNS topic") {
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

// If one target changes, the other keeps its connections. The change takes effect at the
// next event.
func TestReconfigured(t *testing.T) {
	a := open(t, targets(orders, "id: same, type: kinesis, destination: same, role: "+reader), func(o *lambda.Options) { o.ConfigTTL = time.Nanosecond })
	a.deliver(orderEvent([]byte("one")))
	a.configure(targets(orders, "id: same, type: kinesis, destination: same, role: "+reader, "id: new, type: kinesis, destination: new, role: "+reader))
	a.deliver(orderEvent([]byte("two")))
	a.configure(targets(clicks))
	a.answer(orderEvent([]byte("three")))
	if diff := cmp.Diff([]map[string]int{{"one": 1, "two": 1}, {"two": 1}}, []map[string]int{a.arrivals("kinesis/same"), a.arrivals("kinesis/new")}); diff != "" {
		t.Error(diff)
	}
	if n := a.calls("sts"); n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
}
