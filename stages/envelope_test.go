package stages_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

const (
	stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	table  = "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000"
	topic  = "arn:aws:sns:eu-west-1:123456789012:alerts"
)

// wrapped returns the envelope of one record, or the error.
func wrapped(t *testing.T, e stages.Envelope, r engine.Record) string {
	t.Helper()
	out := engine.Apply(t.Context(), e, []engine.Record{r})
	if len(out.Failed) > 0 {
		if engine.ClassOf(out.Failed[0].Err) != engine.Permanent {
			t.Errorf("%v is not permanent", out.Failed[0].Err)
		}
		return out.Failed[0].Err.Error()
	}
	return emitted(out)[0]
}

func putRecord(data string) engine.Record {
	return engine.Record{Key: "customer-17", Lane: lane, Seq: "4967", Action: "PUT", Arrived: 1763800000120, Data: engine.Bytes([]byte(data))}
}

func TestCloudEvents(t *testing.T) {
	const start = `{"specversion":"1.0","id":"shardId-000000000001/4967","source":"` + stream + `","type":"com.amazonaws.kinesis.record"`
	const middle = `,"time":"2025-11-22T08:26:40.120Z","partitionkey":"customer-17"`
	kinesis := stages.Envelope{Form: stages.CloudEvents, Source: stream}
	user := putRecord(`{"n":1.0}`)
	user.Sub = 3
	late, unknown := putRecord(`1`), putRecord(`1`)
	late.Arrived, unknown.Arrived = 1<<60, 0
	odd := putRecord(`1`)
	odd.Key = "a\u0085"
	notUTF8 := putRecord(`1`)
	notUTF8.Key = "a\xff"
	notice := engine.Record{Key: "m-1", Lane: topic, Seq: "m-1", Action: "NOTIFICATION", Data: engine.Bytes([]byte("disk full")), Raw: []byte(`{"Sns":{"Subject":"db \"1\""}}`)}
	first := notice
	first.Seq, first.Raw = "10000000000000000000", []byte(`{"Sns":{"Subject":null},"Other":{"Subject":"no"}}`)
	insert := changesOf("INSERT")
	for name, tt := range map[string]struct {
		e    stages.Envelope
		r    engine.Record
		want string
	}{
		"JSON":            {kinesis, putRecord(`{"n":1.0}`), start + middle + `,"datacontenttype":"application/json","data":{"n":1.0}}`},
		"base64 of JSON":  {kinesis, encode([]engine.Record{putRecord(`{"n":1.0}`)})[0], start + middle + `,"datacontenttype":"application/json","data":{"n":1.0}}`},
		"a digit":         {kinesis, putRecord(`12345678901234567890.10`), start + middle + `,"datacontenttype":"application/json","data":12345678901234567890.10}`},
		"text":            {kinesis, putRecord(`a "b"` + "\n"), start + middle + `,"datacontenttype":"text/plain","data":"a \"b\"\n"}`},
		"nothing":         {kinesis, putRecord(""), start + middle + `,"datacontenttype":"text/plain","data":""}`},
		"bytes":           {kinesis, putRecord("\xff\x00"), start + middle + `,"datacontenttype":"application/octet-stream","data_base64":"/wA="}`},
		"a user record":   {kinesis, user, strings.Replace(start, "4967", "4967/3", 1) + middle + `,"datacontenttype":"application/json","data":{"n":1.0}}`},
		"a late time":     {kinesis, late, start + `,"partitionkey":"customer-17","datacontenttype":"application/json","data":1}`},
		"no time":         {kinesis, unknown, start + `,"partitionkey":"customer-17","datacontenttype":"application/json","data":1}`},
		"a control":       {kinesis, odd, start + `,"time":"2025-11-22T08:26:40.120Z","datacontenttype":"application/json","data":1}`},
		"a broken key":    {kinesis, notUTF8, start + `,"time":"2025-11-22T08:26:40.120Z","datacontenttype":"application/json","data":1}`},
		"a notification":  {stages.Envelope{Form: stages.CloudEvents, Source: topic}, notice, `{"specversion":"1.0","id":"m-1","source":"` + topic + `","type":"com.amazonaws.sns.Notification","subject":"db \"1\"","datacontenttype":"text/plain","data":"disk full"}`},
		"of a FIFO topic": {stages.Envelope{Form: stages.CloudEvents, Source: topic}, first, `{"specversion":"1.0","id":"10000000000000000000","source":"` + topic + `","type":"com.amazonaws.sns.Notification","partitionkey":"m-1","datacontenttype":"text/plain","data":"disk full"}`},
		"a change":        {stages.Envelope{Form: stages.CloudEvents, Source: table}, insert, `{"specversion":"1.0","id":"7","source":"` + table + `","type":"com.amazonaws.dynamodb.insert","time":"2025-11-22T08:26:40.120Z","subject":"a","partitionkey":"a","datacontenttype":"application/json","data":{"id":{"S":"a"},"n":{"N":"1.0"}}}`},
	} {
		if diff := cmp.Diff(tt.want, wrapped(t, tt.e, tt.r)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	for action, want := range map[string]string{"MODIFY": "com.amazonaws.dynamodb.modify", "REMOVE": "com.amazonaws.dynamodb.remove", "": "com.amazonaws.record"} {
		r := putRecord("1")
		r.Action = action
		if got := wrapped(t, kinesis, r); !strings.Contains(got, `"type":"`+want+`"`) {
			t.Errorf("%q: %s", action, got)
		}
	}
}

// changesOf returns the sample change with an action, of a table with one lane.
func changesOf(action string) engine.Record {
	for _, r := range itemChanges {
		if r.Action == action {
			r.Lane = table
			return r
		}
	}
	panic(action)
}

func TestDebezium(t *testing.T) {
	const source = `,"source":{"version":"1.0","connector":"dynamodb","name":"` + table + `","ts_ms":1763800000120,"snapshot":"false","db":"eu-west-1","sequence":"7","table":"Customers"}`
	const keys, one, two = `{"id":"a"}`, `{"id":"a","n":1.0}`, `{"id":"a","n":2.0}`
	e := stages.Envelope{Form: stages.Debezium, Source: table}
	plain := func(r engine.Record) engine.Record {
		return engine.Apply(t.Context(), stages.ConvertDDB{Event: true}, []engine.Record{r}).Emitted[0]
	}
	masked := func(r engine.Record) engine.Record { return r.With(engine.Bytes([]byte(`{"id":"a"}`))) }
	without := plain(changesOf("REMOVE"))
	without.Raw = []byte(`{"dynamodb":{"Keys":{"id":"a"}}}`)
	end := func(op string) string { return source + `,"op":"` + op + `","ts_ms":1763800000120}` }
	for name, tt := range map[string]struct {
		r    engine.Record
		want string
	}{
		"INSERT":                     {plain(changesOf("INSERT")), `{"before":null,"after":` + one + end("c")},
		"MODIFY":                     {plain(changesOf("MODIFY")), `{"before":` + one + `,"after":` + two + end("u")},
		"REMOVE":                     {plain(changesOf("REMOVE")), `{"before":` + two + `,"after":null` + end("d")},
		"DynamoDB's JSON":            {changesOf("INSERT"), `{"before":null,"after":{"id":{"S":"a"},"n":{"N":"1.0"}}` + end("c")},
		"REMOVE without old image":   {without, `{"before":` + keys + `,"after":null` + end("d")},
		"MODIFY after another stage": {masked(plain(changesOf("MODIFY"))), `{"before":null,"after":` + keys + end("u")},
		"REMOVE after another stage": {masked(plain(changesOf("REMOVE"))), `{"before":` + keys + `,"after":null` + end("d")},
		"no new image":               {itemChanges[3], "the record does not fit into an envelope of the form debezium: the stream gave no new image; give the table a stream with the view NEW_AND_OLD_IMAGES"},
		"no JSON":                    {changesOf("INSERT").With(engine.Bytes([]byte("text"))), "the record does not fit into an envelope of the form debezium: a stage made data of it that is not JSON"},
		"no change":                  {putRecord("{}"), "the record does not fit into an envelope of the form debezium: it is not a change of a DynamoDB item"},
	} {
		if diff := cmp.Diff(tt.want, wrapped(t, e, tt.r)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if got := wrapped(t, stages.Envelope{Form: stages.Debezium, Source: "no ARN"}, changesOf("INSERT")); !strings.Contains(got, `"name":"no ARN","ts_ms":1763800000120,"snapshot":"false","db":"","sequence":"7","table":""`) {
		t.Error(got)
	}
	if got := wrapped(t, stages.Envelope{Form: 9}, putRecord("1")); got != "the record does not fit into an envelope of the form envelope 9: the form is unknown" {
		t.Error(got)
	}
}

// An envelope keeps the source record, because it removes nothing.
func TestEnvelopeStage(t *testing.T) {
	in := append(records("text", "{}", "\xff", ""), itemChanges...)
	for _, e := range []stages.Envelope{{Form: stages.CloudEvents, Source: stream}, {Form: stages.Debezium, Source: table}} {
		t.Run(e.Name(), func(t *testing.T) {
			enginetest.CheckStage(t, e, in)
			for _, r := range engine.Apply(t.Context(), e, in).Emitted {
				if len(r.Raw) == 0 {
					t.Errorf("record %s lost its source record", r.Seq)
				}
			}
		})
	}
}

func TestParseEnvelope(t *testing.T) {
	for _, f := range []stages.EnvelopeForm{stages.NoEnvelope, stages.CloudEvents, stages.Debezium} {
		if got, err := stages.ParseEnvelope(f.String()); got != f || err != nil {
			t.Errorf("%v: %v, %v", f, got, err)
		}
	}
	if got, err := stages.ParseEnvelope(""); got != stages.NoEnvelope || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := stages.ParseEnvelope("avro"); err == nil || err.Error() != `"avro" is not an envelope: use none, cloudevents or debezium` {
		t.Error(err)
	}
}

func ExampleEnvelope() {
	e := stages.Envelope{Form: stages.CloudEvents, Source: stream}
	for _, r := range engine.Apply(context.Background(), e, []engine.Record{putRecord(`{"total":59.90}`)}).Emitted {
		fmt.Printf("%s\n", r.Data.Bytes())
	}
	// Output:
	// {"specversion":"1.0","id":"shardId-000000000001/4967","source":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders","type":"com.amazonaws.kinesis.record","time":"2025-11-22T08:26:40.120Z","partitionkey":"customer-17","datacontenttype":"application/json","data":{"total":59.90}}
}

// FuzzEnvelope checks that an event is JSON that holds the data and the key unchanged.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"n":1.0}`), "key", "1", int64(5))
	f.Add([]byte("\xff"), "\xff", "", int64(-1))
	f.Add([]byte("a\uFFFE\u2028"), "a\u0000", "\"", int64(1<<62))
	f.Fuzz(func(t *testing.T, data []byte, key, seq string, arrived int64) {
		r := engine.Record{Key: key, Lane: lane, Seq: seq, Action: "PUT", Arrived: arrived, Data: engine.Bytes(data)}
		text := wrapped(t, stages.Envelope{Form: stages.CloudEvents, Source: stream}, r)
		var e struct {
			SpecVersion, ID, Source, Type, PartitionKey, DataContentType string
			Data                                                         json.RawMessage
			Base64                                                       string `json:"data_base64"`
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil || !utf8.ValidString(text) {
			t.Fatalf("%q: %v", text, err)
		}
		if e.SpecVersion != "1.0" || e.ID == "" || e.Source != stream || e.Type == "" || e.PartitionKey != "" && e.PartitionKey != key {
			t.Errorf("%s", text)
		}
		got := []byte(e.Data)
		switch e.DataContentType {
		case "text/plain":
			var content string
			if err := json.Unmarshal(e.Data, &content); err != nil {
				t.Fatal(err)
			}
			got = []byte(content)
		case "application/octet-stream":
			got, _ = base64.StdEncoding.DecodeString(e.Base64)
		default: // encoding/json drops the space around a value
			data = []byte(strings.Trim(string(data), " \t\r\n"))
		}
		if string(got) != string(data) {
			t.Errorf("%q became %s", data, text)
		}
		again := wrapped(t, stages.Envelope{Form: stages.CloudEvents, Source: stream}, r)
		if again != text {
			t.Errorf("%s then %s", text, again)
		}
	})
}
