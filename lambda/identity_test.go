package lambda_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"fanout/lambda"
)

// toOne returns an account whose sources share FIFO queues, a FIFO topic and an index.
func toOne(t *testing.T, sources ...string) *account {
	t.Helper()
	a := open(t, "targets: []")
	all := "targets:\n"
	for _, s := range sources {
		_, more, _ := strings.Cut(targets(s,
			"id: q, type: sqs, destination: "+queue+"all.fifo, collapse: none",
			"id: m, type: sqs, destination: "+queue+"merged.fifo",
			"id: t, type: sns, destination: "+topic+"all.fifo, collapse: none",
			"id: e, type: es, destination: \""+a.URL()+"#all\"",
		), "\n")
		all += more
	}
	a.configure(all)
	return a
}

// together asserts that each of the data is in all destinations of toOne once.
func (a *account) together(data ...string) {
	a.t.Helper()
	for _, d := range []string{"sqs/all.fifo", "sns/all.fifo", "es/all"} {
		got := a.arrivals(d)
		for _, want := range data {
			if got[want] != 1 {
				a.t.Errorf("%s has %d times %s; want 1", d, got[want], want)
			}
		}
		if len(got) != len(data) {
			a.t.Errorf("%s has %d records; want %d", d, len(got), len(data))
		}
	}
	merged := ""
	for _, r := range a.Records("sqs/merged.fifo") {
		merged += string(r.Data)
	}
	for _, want := range data {
		if n := strings.Count(merged, want); n != 1 {
			a.t.Errorf("sqs/merged.fifo has %d times %s; want 1", n, want)
		}
	}
}

// Streams number shards and records alike, and may share a destination.
func TestTwoSourcesOneDestination(t *testing.T) {
	a := toOne(t, orders, clicks)
	e := eventOf(
		kinesisRecord{orders, "shardId-000000000000", "49590338271490256", "k", []byte(`{"from":"orders"}`)},
		kinesisRecord{clicks, "shardId-000000000000", "49590338271490256", "k", []byte(`{"from":"clicks"}`)},
	)
	a.deliver(e)
	a.deliver(e) // again: Lambda delivers at least once
	a.together(`{"from":"orders"}`, `{"from":"clicks"}`)
}

// raw is a record of an event as a test writes it.
type raw string

func eventOfRaw(records ...raw) string {
	all := make([]string, len(records))
	for i, r := range records {
		all[i] = string(r)
	}
	return `{"Records":[` + strings.Join(all, ",") + `]}`
}

// putRaw is a record of orders with any eventID and sequence number, in JSON.
func putRaw(id, seq, data string) raw {
	return raw(fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":%s,"kinesis":{"partitionKey":"k","sequenceNumber":%s,"data":%q}}`,
		orders, id, seq, base64.StdEncoding.EncodeToString([]byte(data))))
}

// Records without a usable sequence number are still delivered.
func TestRecordsWithoutNumbers(t *testing.T) {
	one, two := `{"n":1}`, `{"n":2}`
	noticeRaw := func(id, message string) raw {
		return raw(fmt.Sprintf(`{"EventSource":"aws:sns","Sns":{"TopicArn":%q,"MessageId":%s,"Message":%q}}`, alerts, id, message))
	}
	for name, records := range map[string][]raw{
		"number in the eventID": {putRaw(`"shardId-0:7"`, "null", one), putRaw(`"shardId-0:8"`, "null", two)},
		"empty number":          {putRaw(`"shardId-0:7"`, `""`, one), putRaw(`"shardId-0:8"`, `""`, two)},
		"no eventID":            {putRaw("null", "null", one), putRaw("null", "null", two)},
		"eventID of a sample":   {putRaw(`"shardId-0:test"`, "null", one), putRaw(`"shardId-0:test"`, "null", two)},
		"one number for all":    {putRaw(`"shardId-0:7"`, `"7"`, one), putRaw(`"shardId-0:7"`, `"7"`, two)},
		"MessageId missing":     {noticeRaw("null", one), noticeRaw("null", two)},
		"one MessageId for all": {noticeRaw(`"id"`, one), noticeRaw(`"id"`, two)},
	} {
		t.Run(name, func(t *testing.T) {
			a := toOne(t, orders, alerts)
			a.deliver(eventOfRaw(records...))
			a.deliver(eventOfRaw(records...))
			a.together(one, two)
		})
	}
}

// The answer cannot name a failed record without a sequence number, so Lambda resends the
// whole batch. Records that other targets have are not sent to them again.
func TestFailedWithoutNumber(t *testing.T) {
	report := func(o *lambda.Options) { o.ReportBatchItemFailures = true }
	a := open(t, targets(orders,
		"id: q, type: sqs, destination: "+queue+"q, collapse: none",
		"id: bad, type: kinesis, destination: bad",
	), report)
	a.refuse("bad")
	for _, c := range []struct{ first, second raw }{
		{putRaw("null", "null", "not JSON"), putRaw(`"shardId-0:8"`, `"8"`, `{}`)},
		{putRaw(`"shardId-0:8"`, `"8"`, "not JSON"), putRaw("null", "null", "neither")},
	} {
		if got := a.answer(eventOfRaw(c.first, c.second)); !strings.HasPrefix(got, "error: ") {
			t.Errorf("the answer is %s; want an error", got)
		}
		_ = a.answer(eventOfRaw(c.first, c.second))
	}
	for data, n := range a.arrivals("sqs/q") {
		if n != 1 {
			t.Errorf("the queue has %q %d times; want once", data, n)
		}
	}
	if got := a.answer(eventOfRaw(putRaw(`"shardId-0:7"`, "null", "no JSON"))); got != `{"batchItemFailures":[{"itemIdentifier":"7"}]}` {
		t.Errorf("the answer is %s; want the number of the eventID", got)
	}
}
