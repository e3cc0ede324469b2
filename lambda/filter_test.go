package lambda_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fanout/internal/redrive"
	"fanout/internal/testing/awsfake"
	"fanout/internal/testing/kpl"
	"fanout/lambda"
	"fanout/lambda/envelope"
	"fanout/sinks"
)

// dataOf returns the data of all records at a destination.
func dataOf(a *account, destination string) string {
	var all []string
	for _, r := range a.Records(destination) {
		all = append(all, string(r.Data))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// Only records that match a target's filter go to it. The others count as filtered, and the
// function's answer passes them.
func TestFilter(t *testing.T) {
	aggregate := kpl.Aggregate(kpl.User{Key: "k1", Data: `{"n":1}`}, kpl.User{Key: "k2", Data: `{"n":2}`})
	record := func(seq, key, data string) kinesisRecord {
		return kinesisRecord{orders, "shardId-000000000000", seq, key, []byte(data)}
	}
	stream := eventOf(record("1", "a", `{"n":1}`), record("2", "b", `{"n":2}`), record("3", "c", "text"), record("4", "d", string(aggregate)))
	images := strings.ReplaceAll(eventOf(insertedItem{"1", "ann"}, insertedItem{"2", "bob"}), `"NewImage"`, `"OldImage":{"n":{"N":"7"}},"NewImage"`)
	topics := eventOf(notification{"m1", `{"n":1}`}, notification{"m2", "text"})
	for _, tt := range []struct {
		name, source, event, attributes string
		arrived                         string
		filtered                        int
	}{
		{"data", orders, stream, `filter: {data: {n: [2]}}`, `{"n":2}`, 3},
		{"user records", orders, stream, `deaggregate: true, filter: {data: {n: [1]}}`, `{"n":1} {"n":1}`, 2},
		{"all user records", orders, stream, `deaggregate: true, filter: {data: {n: [3]}}`, ``, 4},
		{"keys", orders, stream, `filter: {partitionKey: [a, c]}`, `text {"n":1}`, 2},
		{"images", customers, images, `filter: {eventName: [INSERT], dynamodb: {NewImage: {id: {S: [bob]}}}}`, `{"id":{"S":"bob"}}`, 1},
		{"plain images", customers, images, `convertDDB: true, filter: {dynamodb: {NewImage: {id: [bob]}, OldImage: {n: [7]}}}`, `{"id":"bob"}`, 1},
		{"messages", alerts, topics, `filter: {Sns: {Message: {n: [{numeric: [">", 0]}]}}}`, `{"n":1}`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := open(t, targets(tt.source, `id: t, type: sqs, collapse: none, destination: "`+queue+`out", `+tt.attributes),
				func(o *lambda.Options) { o.ReportBatchItemFailures = true })
			records := strings.Count(tt.event, `"eventSourceARN"`) + strings.Count(tt.event, `"TopicArn"`)
			r := a.handle(tt.event)[0].Report.Targets[0]
			if r.Filtered != tt.filtered || r.Delivered != records-tt.filtered {
				t.Errorf("%d filtered and %d delivered of %d: %v", r.Filtered, r.Delivered, records, r.Failures)
			}
			if got := dataOf(a, "sqs/out"); got != tt.arrived {
				t.Errorf("%s arrived, want %s", got, tt.arrived)
			}
			if line := a.logged()[0]; line.Filtered != tt.filtered || line.Level != "info" {
				t.Errorf("the log says %+v", line)
			}
			if got := a.answer(tt.event); got != `{"batchItemFailures":[]}` {
				t.Errorf("the answer is %s", got)
			}
		})
	}
}

// A function gets source records with plain images, and its filter sees these.
func TestFilterOfAFunction(t *testing.T) {
	a := open(t, targets(customers, `id: t, type: lambda, destination: out, convertDDB: true, filter: {dynamodb: {Keys: {id: [bob]}}}`))
	a.deliver(eventOf(insertedItem{"1", "ann"}, insertedItem{"2", "bob"}))
	var got struct {
		Dynamodb struct{ NewImage struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(dataOf(a, "lambda/out")), &got); err != nil || got.Dynamodb.NewImage.ID != "bob" {
		t.Errorf("%+v: %v", got, err)
	}
}

// Targets with the same filter share it, and the plan shows the pattern.
func TestExplainFilter(t *testing.T) {
	a := open(t, targets(orders, `id: a, type: kinesis, destination: a, filter: {data: {n: [1]}, partitionKey: [k]}`,
		`id: b, type: kinesis, destination: b, filter: '{"partitionKey": ["k"], "data": {"n": [1]}}'`))
	got, err := a.Explain(t.Context(), orders)
	if err != nil || strings.Count(got, `─ filter {"data":{"n":[1]},"partitionKey":["k"]}`) != 1 {
		t.Errorf("%v\n%s", err, got)
	}
}

// A record that failed before the filter has its source record in the envelope, so that the
// filter sees all of it when the record is delivered again. A filtered record is done.
func TestRedriveFilters(t *testing.T) {
	event := strings.ReplaceAll(eventOf(insertedItem{"1", "ann"}, insertedItem{"2", "bob"}), `"NewImage":{"id":`, `"OldImage":{"n":{"N":"7"}},"NewImage":{"bad":{"X":1},"id":`)
	event = strings.Replace(event, `{"N":"7"}`, `{"N":"8"}`, 1)
	a := open(t, targets(customers, `id: t, onFailure: dead, type: sqs, collapse: none, convertDDB: true, destination: "`+queue+`out", filter: {dynamodb: {OldImage: {n: [7]}}}`)+inactive(customers))
	a.deliver(event)
	all := a.envelopes()
	if len(all) != 2 || len(all[0].Event) == 0 {
		t.Fatalf("%d envelopes", len(all))
	}
	again := open(t, targets(customers, `id: t, type: sqs, collapse: none, destination: "`+queue+`out", filter: {dynamodb: {OldImage: {n: {N: ["7"]}}}}`))
	done, results, err := redrive.NewDelivery(again.Handler, sinks.Spec{}).Deliver(t.Context(), customers, "t", all)
	if err != nil || fmt.Sprint(done) != "[true true]" {
		t.Fatal(done, err)
	}
	if r := results[0].Report.Targets[0]; r.Filtered != 1 || r.Delivered != 1 || len(again.Records("sqs/out")) != 1 {
		t.Errorf("%d filtered, %d delivered: %v", r.Filtered, r.Delivered, r.Failures)
	}
}

// A record that passed the filter does not pass it again.
func TestRedriveDoesNotFilterAgain(t *testing.T) {
	const target = `id: t, onFailure: dead, type: sqs, collapse: none, destination: "` + queue + `out", filter: {data: {n: [1]}}`
	a := open(t, targets(orders, target)+inactive(orders))
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if !strings.HasPrefix(c.Destination, "dead") {
			return &awsfake.Fault{Code: "AccessDeniedException", Status: 403}
		}
		return nil
	})
	a.deliver(eventOf(kinesisRecord{orders, "shardId-000000000000", "1", "a", []byte(`{"n":1}`)}, kinesisRecord{orders, "shardId-000000000000", "2", "b", []byte(`{"n":2}`)}))
	all := a.envelopes()
	again := open(t, targets(orders, strings.Replace(target, "n: [1]", "n: [2]", 1))+inactive(orders))
	again.redrive(redrive.NewDelivery(again.Handler, sinks.Spec{}), orders, all, 1)
}

// A stage that a record has passed does not run again when the target has lost an earlier one.
func TestRedriveAfterStageIsGone(t *testing.T) {
	const target = `id: t, onFailure: dead, type: sqs, collapse: none, destination: "` + queue + `out", transform: ".n + 1", `
	a := open(t, targets(orders, target+`filter: {data: {n: [1]}}, key: 'error("no")'`)+inactive(orders))
	a.deliver(eventOf(kinesisRecord{orders, "shardId-000000000000", "1", "a", []byte(`{"n":1}`)}))
	all := a.envelopes()
	again := open(t, targets(orders, target+`key: "."`)+inactive(orders))
	again.redrive(redrive.NewDelivery(again.Handler, sinks.Spec{}), orders, all, 1)
	if got := again.Records("sqs/out"); len(got) != 1 || string(got[0].Data) != "2" {
		t.Errorf("got %v", got)
	}
}

// A stage that has another setting since does not run on what the former one made.
func TestRedriveAfterStageChanged(t *testing.T) {
	for _, c := range []struct {
		source, attributes string
		passed             []string
	}{
		{orders, "decompress: zstd", []string{"decompress gzip"}},
		{customers, `view: NEW_AND_OLD_IMAGES, transform: "."`, []string{"view OLD_IMAGE", "transform"}},
		{orders, `envelope: cloudevents`, []string{"envelope debezium"}},
	} {
		a := open(t, targets(c.source, `id: t, type: sqs, collapse: none, destination: "`+queue+`out", `+c.attributes))
		all := []envelope.Envelope{{
			Version: 1, Source: c.source, Target: "t", Shard: "s", Sequence: "1", Key: "k", Action: "MODIFY", Data: []byte("made"),
			Passed: c.passed, Event: json.RawMessage(`{"dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"secret"}}}}`),
		}}
		a.redrive(redrive.NewDelivery(a.Handler, sinks.Spec{}), c.source, all, 1)
		if got := a.Records("sqs/out"); len(got) != 1 || string(got[0].Data) != "made" {
			t.Errorf("%s: got %v", c.attributes, got)
		}
	}
}
