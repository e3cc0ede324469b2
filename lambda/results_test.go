package lambda

import (
	"context"
	"testing"

	"fanout/engine"
	"fanout/lambda/event"
)

// refuser fails the records with the data x.
type refuser struct{}

func (refuser) Limits() engine.Limits           { return engine.Limits{} }
func (refuser) Sizer() func(*engine.Record) int { return nil }

func (refuser) Send(_ context.Context, batch []engine.Record) (o engine.Outcome) {
	for i := range batch {
		if string(batch[i].Data.Bytes()) == "x" {
			o.Fail(i, engine.Errorf(engine.Permanent, "refused"))
		}
	}
	return o
}

// result delivers records. Records with the data x fail.
func result(t *testing.T, kind event.Kind, recs ...engine.Record) Result {
	t.Helper()
	p, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: refuser{}})
	if err != nil {
		t.Fatal(err)
	}
	return Result{Kind: kind, Report: p.Run(t.Context(), recs), records: recs}
}

// messages delivers messages of a queue, which are named by their lane and Seq. Messages with
// the data x fail.
func messages(t *testing.T, queue string, recs ...engine.Record) Result {
	t.Helper()
	r := result(t, event.SQS, recs...)
	r.SourceARN = "arn:aws:sqs:eu-west-1:123456789012:" + queue
	for i := range recs {
		r.messages = append(r.messages, event.Message{ID: recs[i].Seq})
	}
	return r
}

func rec(lane, seq, data string) engine.Record {
	return engine.Record{Lane: lane, Seq: seq, Data: engine.Bytes([]byte(data))}
}

func TestRespond(t *testing.T) {
	stream := result(t, event.Kinesis, rec("a", "11", "x"), rec("b", "3", ""), rec("a", "9", "x"), rec("c", "10", "x"), rec("a", "8", ""), rec("c", "100", "x"))
	fine := result(t, event.Kinesis, rec("a", "1", ""))
	table := result(t, event.DynamoDB, rec("d", "007", "x"), rec("d", "6", "x"))
	topic := result(t, event.SNS, rec("e", "id", "x"))
	quiet := result(t, event.SNS, rec("e", "id", ""))
	unnumbered := result(t, event.Kinesis, rec("a", "1", "x"), rec("b", "", "x"))
	queue := messages(t, "jobs", rec("q", "m3", "x"), rec("q", "m1", ""), rec("q", "m2", "x"), rec("q", "m3", ""))
	fifo := messages(t, "jobs.fifo", rec("g", "1", ""), rec("h", "2", ""), rec("g", "3", "x"), rec("h", "4", ""), rec("g", "5", ""), rec("k", "6", "x"))
	nameless := messages(t, "jobs", rec("q", "", "x"), rec("q", "m1", "x"))
	unneeded := messages(t, "jobs", rec("q", "", ""), rec("q", "m1", "x"))
	behind := messages(t, "jobs.fifo", rec("g", "1", "x"), rec("g", "", ""))
	harmless := result(t, event.Kinesis, rec("a", "1", "x"), rec("b", "", ""))

	for name, c := range map[string]struct {
		results []Result
		report  bool
		answer  string
		err     string
	}{
		"nothing":                       {nil, false, "null", ""},
		"nothing, reported":             {nil, true, `{"batchItemFailures":[]}`, ""},
		"success":                       {[]Result{fine, quiet}, false, "null", ""},
		"success, reported":             {[]Result{fine, quiet}, true, `{"batchItemFailures":[]}`, ""},
		"failure":                       {[]Result{fine, table}, false, "", `2 of 2 records failed at target "t": refused`},
		"several failures":              {[]Result{stream, topic}, false, "", `4 of 6 records failed at target "t": refused; 1 of 1 records failed at target "t": refused`},
		"lowest of each shard":          {[]Result{stream}, true, `{"batchItemFailures":[{"itemIdentifier":"9"},{"itemIdentifier":"10"}]}`, ""},
		"streams and a quiet topic":     {[]Result{stream, quiet, table}, true, `{"batchItemFailures":[{"itemIdentifier":"9"},{"itemIdentifier":"10"},{"itemIdentifier":"6"}]}`, ""},
		"a topic's failure":             {[]Result{fine, topic}, true, "", `1 of 1 records failed at target "t": refused`},
		"a topic's beside a stream's":   {[]Result{table, topic}, true, "", `2 of 2 records failed at target "t": refused; 1 of 1 records failed at target "t": refused`},
		"failure without a number":      {[]Result{unnumbered}, true, "", `2 of 2 records failed at target "t": refused`},
		"messages":                      {[]Result{queue}, true, `{"batchItemFailures":[{"itemIdentifier":"m3"},{"itemIdentifier":"m2"}]}`, ""},
		"messages, not reported":        {[]Result{queue}, false, "", `2 of 4 records failed at target "t": refused`},
		"the rest of each failed group": {[]Result{fifo}, true, `{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"5"},{"itemIdentifier":"6"}]}`, ""},
		"a message without an id":       {[]Result{nameless}, true, "", `2 of 2 records failed at target "t": refused`},
		"no id, but it has arrived":     {[]Result{unneeded}, true, `{"batchItemFailures":[{"itemIdentifier":"m1"}]}`, ""},
		"no id behind a failure":        {[]Result{behind}, true, "", `1 of 2 records failed at target "t": refused`},
		"no number, but it has arrived": {[]Result{harmless}, true, `{"batchItemFailures":[{"itemIdentifier":"1"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := respond(c.results, c.report)
			if err != nil {
				if err.Error() != c.err {
					t.Errorf("got the error %v\nwant %s", err, c.err)
				}
			} else if string(answer) != c.answer || c.err != "" {
				t.Errorf("got %s\nwant %s%s", answer, c.answer, c.err)
			}
		})
	}
}

// A failure counts even without a reason.
func TestFailureWithoutReason(t *testing.T) {
	err := failure([]Result{{
		Report:  &engine.Report{Targets: []engine.TargetReport{{ID: "t", Failed: 1}}},
		records: make([]engine.Record, 1),
	}})
	if err == nil || err.Error() != `1 of 1 records failed at target "t"` {
		t.Errorf("got %v", err)
	}
}
