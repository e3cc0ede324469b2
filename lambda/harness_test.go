package lambda_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/internal/testing/awsfake"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// Sources of the tests' events.
const (
	orders    = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	clicks    = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	customers = "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000"
	alerts    = "arn:aws:sns:eu-west-1:123456789012:alerts"
)

const (
	queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
	topic = "arn:aws:sns:eu-west-1:123456789012:"
)

// account is a handler with its own AWS to deliver to.
type account struct {
	t testing.TB
	*awsfake.Server
	*lambda.Handler
	file string       // of targets
	log  bytes.Buffer // what the handler logged
}

// open returns an account with the targets of some YAML.
func open(t testing.TB, targets string, options ...func(*lambda.Options)) *account {
	t.Helper()
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	a := &account{t: t, Server: fake, file: filepath.Join(t.TempDir(), "targets.yaml")}
	a.configure(targets)
	o := lambda.DefaultOptions()
	o.Metrics = metrics.ModeNone
	o.TargetsFile = a.file
	for _, set := range options {
		set(&o)
	}
	cfg, err := lambda.AWS{EndpointURL: fake.URL()}.Load(t.Context(), o.InFlight)
	if err != nil {
		t.Fatal(err)
	}
	if a.Handler, err = lambda.New(o, cfg, lambda.NewLogger(&a.log, o.LogLevel)); err != nil {
		t.Fatal(err)
	}
	return a
}

// configure changes the targets.
func (a *account) configure(targets string) {
	a.t.Helper()
	if err := os.WriteFile(a.file, []byte(targets), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// handle delivers an event and returns the results of its sources.
func (a *account) handle(event string) []lambda.Result {
	a.t.Helper()
	results, err := a.Handle(a.t.Context(), []byte(event))
	if err != nil {
		a.t.Fatal(err)
	}
	return results
}

// delivered handles an event without failures.
func (a *account) delivered(event string) {
	a.t.Helper()
	for _, r := range a.handle(event) {
		for _, t := range r.Report.Targets {
			if t.Failed > 0 {
				a.t.Errorf("%d records of %s failed at %s: %v", t.Failed, r.SourceARN, t.ID, t.Failures)
			}
		}
	}
}

// answer invokes the handler and returns its answer, or the error.
func (a *account) answer(event string) string {
	a.t.Helper()
	answer, err := a.Invoke(a.t.Context(), []byte(event))
	if err != nil {
		return "error: " + err.Error()
	}
	return string(answer)
}

// calls counts the calls of a service.
func (a *account) calls(service string) (n int) {
	for _, c := range a.Calls() {
		if c.Service == service {
			n++
		}
	}
	return n
}

// data counts how often each of the data arrived at a destination.
func (a *account) data(destination string) map[string]int {
	n := map[string]int{}
	for _, r := range a.Records(destination) {
		n[string(r.Data)]++
	}
	return n
}

// entry is a line of the log.
type entry struct {
	Level, Msg, Source, Target, Error string
	Delivered, Already                int
	Dropped, Failed                   int
	Failures                          []struct {
		Error, Class, Shard, Sequence, Remedy string
		Records                               int
	}
}

// logged returns the lines of the log, and forgets them.
func (a *account) logged() (all []entry) {
	a.t.Helper()
	for line := range strings.Lines(a.log.String()) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			a.t.Errorf("the log has a line that is not JSON: %s", line)
		}
		all = append(all, e)
	}
	a.log.Reset()
	return all
}

// targets writes a list of targets, each given by its attributes except sourceArn and
// active.
func targets(source string, attributes ...string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for _, a := range attributes {
		fmt.Fprintf(&b, "- {sourceArn: %q, active: true, %s}\n", source, a)
	}
	return b.String()
}

// put is a record of a Kinesis stream.
type put struct {
	stream, shard, seq, key string
	data                    []byte
}

func (p put) record() any {
	k := map[string]any{"partitionKey": p.key, "data": base64.StdEncoding.EncodeToString(p.data)}
	if p.seq != "" {
		k["sequenceNumber"] = p.seq
	}
	return map[string]any{"eventSource": "aws:kinesis", "eventSourceARN": p.stream, "eventID": p.shard + ":" + p.seq, "kinesis": k}
}

// change is an INSERT into the table of customers.
type change struct{ seq, id string }

func (c change) record() any {
	id := map[string]any{"id": map[string]string{"S": c.id}}
	return map[string]any{
		"eventSource": "aws:dynamodb", "eventSourceARN": customers, "eventName": "INSERT", "eventID": c.seq,
		"dynamodb": map[string]any{"Keys": id, "NewImage": id, "SequenceNumber": c.seq},
	}
}

// notice is a notification of alerts.
type notice struct{ id, message string }

func (n notice) record() any {
	return map[string]any{
		"EventSource": "aws:sns", "Sns": map[string]any{"TopicArn": alerts, "Message": n.message, "MessageId": n.id},
	}
}

// eventOf returns an event as Lambda passes it.
func eventOf(records ...interface{ record() any }) string {
	all := make([]any, len(records))
	for i, r := range records {
		all[i] = r.record()
	}
	text, err := json.Marshal(map[string]any{"Records": all})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// orderEvent is an event with the records of one shard of orders.
func orderEvent(data ...[]byte) string {
	records := make([]interface{ record() any }, len(data))
	for i, d := range data {
		records[i] = put{orders, "shardId-000000000000", fmt.Sprint(49590338271490256 + i), fmt.Sprint("key-", i%1000), d}
	}
	return eventOf(records...)
}
