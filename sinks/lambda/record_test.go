package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

func TestLambdaRecords(t *testing.T) {
	plain := sinktest.SourceRecord(1)
	other := engine.Record{Raw: []byte(`{"eventSource":"aws:dynamodb","dynamodb":{}}`), Data: engine.Bytes([]byte(`{"a":1}`))}
	escaped := engine.Record{
		Raw:  []byte("{\"a\\u0022\":1,\"\\u006binesis\":{\"d\\u0061ta\":\"\\u0059Q\\u003d=\",\"x\\\"\":[{}], \"partitionKey\" : \"\\u006b\",\"subSequenceNumber\":9}}"),
		Data: engine.Base64([]byte("YQ==")), Key: "k",
	}
	const head = `{"kinesis": {"kinesisSchemaVersion":"1.0","sequenceNumber":"4900","approximateArrivalTimestamp":1545084650.987,`
	tail := func(sub string) string {
		return `},"eventSource":"aws:kinesis","eventID":"shardId-000000000006:4900` + sub + `","awsRegion":"eu-west-1"}`
	}
	aggregated := func(raw string) engine.Record { // as a user record in raw
		return engine.Record{Raw: []byte(raw), Key: "k", Lane: "shard-1", Seq: "7", Sub: 4, Data: engine.Bytes([]byte("hello"))}
	}
	const user4 = `"kinesis":{"partitionKey":"k","subSequenceNumber":4,"data":"aGVsbG8="}`
	aggregate := sinktest.SourceRecord(1)
	aggregate.Raw = sinktest.SourceRaw("key-1", "\xf3\x89\x9a\xc2 and so on")
	queued := engine.Record{Raw: []byte(`{"body":"fire!","attributes":{"body":"b"}}`), Data: engine.Bytes([]byte("fire!"))}
	fire := engine.Record{Raw: []byte(`{"EventSource":"aws:sns","Sns":{"Type":"Notification", "Message" : "fire\u0021","Subject":null}}`), Data: engine.Bytes([]byte("fire!"))}
	invalid := engine.Bytes([]byte("secret\xFF"))
	tests := []struct {
		name string
		form Form
		rec  engine.Record
		want string // "": it cannot be sent
		says string
	}{
		{"source record", SourceRecords, plain, string(plain.Raw), ""},
		{"source record of a user record", SourceRecords, sinktest.UserOf(plain, 1, "k", "", "x"), string(plain.Raw), ""},
		{"no source record", SourceRecords, sinktest.Numbered(1)[0], "", "no source record"},
		{"plain record", KinesisRecords, plain, string(plain.Raw), ""},
		{"plain record, escaped", KinesisRecords, escaped, string(escaped.Raw), ""},
		{"user record", KinesisRecords, sinktest.UserOf(plain, 2, "k", "", "hello"),
			head + `"partitionKey":"k","subSequenceNumber":2,"data":"aGVsbG8="` + tail(":2"), ""},
		{"user record with a hash key", KinesisRecords, sinktest.UserOf(plain, 0, "k", "12", ""),
			head + `"partitionKey":"k","explicitHashKey":"12","subSequenceNumber":0,"data":""` + tail(":0"), ""},
		{"user record, escaped", KinesisRecords, sinktest.UserOf(escaped, 3, "l", "", "hello"),
			"{\"eventID\":\"::3\",\"a\\u0022\":1,\"\\u006binesis\":{\"x\\\"\":[{}],\"partitionKey\":\"l\",\"subSequenceNumber\":3,\"data\":\"aGVsbG8=\"}}", ""},
		{"same keys, other data", KinesisRecords, sinktest.UserOf(plain, 0, "key-1", "", `{"n":2}`),
			strings.Replace(string(plain.Raw), "eyJuIjoxfQ==", "eyJuIjoyfQ==", 1), ""},
		{"same keys, data with a newline", KinesisRecords, sinktest.WithSource(plain, engine.Bytes([]byte("{\"n\":1}\n"))),
			strings.Replace(string(plain.Raw), "eyJuIjoxfQ==", "eyJuIjoxfQo=", 1), ""},
		{"user record with the aggregate's keys", KinesisRecords, sinktest.UserOf(aggregate, 0, "key-1", "", "hello"),
			head + `"partitionKey":"key-1","subSequenceNumber":0,"data":"aGVsbG8="` + tail(":0"), ""},
		{"eventID before", KinesisRecords, aggregated(`{ "eventID" : "s:7","a":1, "kinesis":{"data":"YQ=="},"b":2}`),
			`{ "eventID" : "s:7:4","a":1, ` + user4 + `,"b":2}`, ""},
		{"eventID behind", KinesisRecords, aggregated(`{"kinesis":{"data":"YQ=="},"b":2,"eventID":"s\\:7" }`),
			`{` + user4 + `,"b":2,"eventID":"s\\:7:4" }`, ""},
		{"eventID twice", KinesisRecords, aggregated(`{"eventID":"s:6","kinesis":{"data":"YQ=="},"eventID":"s:7"}`),
			`{"eventID":"s:6",` + user4 + `,"eventID":"s:7:4"}`, ""},
		{"eventID null", KinesisRecords, aggregated(`{"eventID":null,"kinesis":{"data":"YQ=="}}`),
			`{"eventID":"shard-1:7:4",` + user4 + `}`, ""},
		{"eventID empty", KinesisRecords, aggregated(`{"kinesis":{"data":"YQ=="},"eventID":""}`),
			`{` + user4 + `,"eventID":"shard-1:7:4"}`, ""},
		{"no eventID", KinesisRecords, aggregated(`{"kinesis":{"data":"YQ=="}}`),
			`{"eventID":"shard-1:7:4",` + user4 + `}`, ""},
		{"user record in a record with a hash key", KinesisRecords, aggregated(`{"kinesis":{"explicitHashKey":"1","data":"YQ=="},"eventID":"s:7"}`),
			`{` + user4 + `,"eventID":"s:7:4"}`, ""},
		{"hostile key", KinesisRecords, sinktest.UserOf(plain, 0, "\"},\r\n\u2028"+strings.Repeat("x", 300), "", "x"),
			head + `"partitionKey":"\"},\r\n\u2028` + strings.Repeat("x", 300) + `","subSequenceNumber":0,"data":"eA=="` + tail(":0"), ""},
		{"key not UTF-8", KinesisRecords, sinktest.UserOf(plain, 0, "\xFF", "", "x"), "", "not UTF-8"},
		{"not of Kinesis", KinesisRecords, other, "", "does not come from Kinesis"},
		{"not an object", KinesisRecords, engine.Record{Raw: []byte("[1]")}, "", "does not come from Kinesis"},
		{"kinesis of another type", KinesisRecords, engine.Record{Raw: []byte(`{"kinesis":"x"}`)}, "", "does not come from Kinesis"},
		{"user record, merged", KinesisRecords, engine.Merge([]engine.Record{plain}, plain.Data), "", "no source record"},
		{"notification", Notifications, fire, string(fire.Raw), ""},
		{"notification with a newline", Notifications, sinktest.WithSource(fire, engine.Bytes([]byte("fire!\n"))),
			`{"EventSource":"aws:sns","Sns":{"Type":"Notification", "Message" : "fire!\n","Subject":null}}`, ""},
		{"notification, hostile", Notifications, sinktest.WithSource(fire, engine.Bytes([]byte(`"}},{"`))),
			`{"EventSource":"aws:sns","Sns":{"Type":"Notification", "Message" : "\"}},{\"","Subject":null}}`, ""},
		{"notification not UTF-8", Notifications, sinktest.WithSource(fire, invalid), "", "not UTF-8"},
		{"message with a newline", Messages, sinktest.WithSource(queued, engine.Bytes([]byte("fire!\n"))), `{"body":"fire!\n","attributes":{"body":"b"}}`, ""},
		{"message", Messages, queued, string(queued.Raw), ""},
		{"message not UTF-8", Messages, sinktest.WithSource(queued, invalid), "", "not UTF-8"},
		{"not of SQS", Messages, other, "", "does not come from SQS"},
		{"not of SNS", Notifications, other, "", "does not come from SNS"},
		{"no notification", Notifications, sinktest.Numbered(1)[0], "", "no source record"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			l := New(cfg, function, "", tt.form)
			o := l.Send(t.Context(), []engine.Record{tt.rec})
			got := fake.Records("lambda/orders")
			if err := o.Err(0); tt.want == "" {
				if err == nil || engine.ClassOf(err) != engine.Refused || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v; want one that says %q", err, tt.says)
				}
				if len(fake.Calls()) != 0 {
					t.Error("it was sent")
				}
				return
			}
			if !o.OK() || len(got) != 1 {
				t.Fatalf("%v, %d records", o.Err(0), len(got))
			}
			if diff := cmp.Diff(strings.TrimSpace(tt.want), string(got[0].Data)); diff != "" {
				t.Errorf("the record differs (-want +got):\n%s", diff)
			}
			if got, want := l.Sizer()(&tt.rec), len(tt.want)+1; got != want {
				t.Errorf("counts %d bytes; want %d", got, want)
			}
		})
	}
}

// FuzzLambdaUserRecord compares with a record made by encoding/json.
func FuzzLambdaUserRecord(f *testing.F) {
	f.Add(sinktest.SourceRaw("k", "many"), "key", "12", 3, []byte("hello"))
	f.Add([]byte(`{"kinesis":{"data":"","data":"YQ=="},"x":[1,{"kinesis":{}}]}`), "\"},\n", "", 0, []byte{0xFF})
	f.Add([]byte("{\"\\u006binesis\" :\n{ } }"), "\u2028", "\"", -1, []byte(nil))
	f.Add([]byte(`{"kinesis":1,"kinesis":{"a":1,"a":2}}`), "", "", 1, []byte("x"))
	f.Add([]byte("{\"a\\\\\":[-1.5e3 ,{\"}\\\"]\":[[],{}]}],\"b\":true\r,\"kinesis\":\t{\"c\":null\n}}"), "k", "", 1, []byte("x"))
	f.Fuzz(func(t *testing.T, raw []byte, key, hashKey string, sub int, data []byte) {
		newKinesisTemplate(raw) // any raw must be safe
		var source map[string]json.RawMessage
		if !json.Valid(raw) || json.Unmarshal(raw, &source) != nil || source == nil {
			return // the event decoder rejects such a record
		}
		l := New(aws.Config{}, function, "", KinesisRecords)
		r := engine.Record{Key: key, HashKey: hashKey, Lane: "lane", Seq: "seq", Sub: sub, Data: engine.Bytes(data), Raw: raw}
		event, err := eventOf(l, []engine.Record{r, r})
		if err != nil {
			return
		}
		limits := l.Limits()
		if got, want := 2*l.Sizer()(&r)+limits.PerBatch, len(event); got != want {
			t.Errorf("counts %d bytes; want %d", got, want)
		}
		var got struct{ Records []map[string]any }
		if err := json.Unmarshal(event, &got); err != nil || len(got.Records) != 2 {
			t.Fatalf("%d records: %v in %s", len(got.Records), err, event)
		}
		var want map[string]any
		_ = json.Unmarshal(raw, &want)
		kinesis, _ := want["kinesis"].(map[string]any)
		if kinesis == nil {
			t.Fatalf("sent %s, which is not of Kinesis", event)
		}
		if string(event) == `{"Records":[`+string(raw)+","+string(raw)+`]}` {
			if d, ok := kinesis["data"].(string); ok && d != string(r.Data.Text()) {
				t.Errorf("the record is %s as it came, and its data is %s", raw, r.Data.Text())
			}
			return
		}
		was, _ := kinesis["data"].(string)
		sameKeys := textOf(kinesis["partitionKey"]) == key && textOf(kinesis["explicitHashKey"]) == hashKey
		if _, has := kinesis["data"]; has && sameKeys && !strings.HasPrefix(was, "84maw") {
			kinesis["data"] = string(r.Data.Text())
			if diff := cmp.Diff(want, got.Records[0]); diff != "" {
				t.Errorf("the record differs (-want +got):\n%s", diff)
			}
			return
		}
		id := textOf(want["eventID"])
		if id == "" {
			id = "lane:seq"
		}
		want["eventID"] = fmt.Sprint(id, ":", sub)
		delete(kinesis, "explicitHashKey")
		kinesis["partitionKey"], kinesis["subSequenceNumber"], kinesis["data"] = key, float64(sub), string(r.Data.Text())
		if hashKey != "" {
			kinesis["explicitHashKey"] = hashKey
		}
		if diff := cmp.Diff(want, got.Records[0]); diff != "" {
			t.Errorf("the record differs (-want +got):\n%s", diff)
		}
	})
}

// textOf returns v if it is a string, and otherwise "".
func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// FuzzLambdaNotification compares with encoding/json.
func FuzzLambdaNotification(f *testing.F) {
	f.Add([]byte(`{"Sns":{"Message":"a"}}`), []byte("a\n"))
	f.Add([]byte(`{"Sns":{"Message":"a","Message":null},"Sns" : {"x":{},"M\u0065ssage":"b"}}`), []byte(`"},{"`))
	f.Add([]byte(`{"Sns":{"Message":"a"},"Sns":{}}`), []byte("x"))
	f.Fuzz(func(t *testing.T, raw, data []byte) {
		var want map[string]any
		if json.Unmarshal(raw, &want) != nil || want == nil || !utf8.Valid(raw) {
			return // the event decoder rejects such a record
		}
		l := New(aws.Config{}, function, "", Notifications)
		r := engine.Record{Raw: raw, Data: engine.Bytes(data)}
		event, err := eventOf(l, []engine.Record{r, r})
		if err != nil {
			return
		}
		var got struct{ Records []map[string]any }
		if err := json.Unmarshal(event, &got); err != nil || len(got.Records) != 2 {
			t.Fatalf("%d records: %v in %q", len(got.Records), err, event)
		}
		sns, _ := want["Sns"].(map[string]any)
		if sns == nil {
			t.Fatalf("%s was sent, which is not of SNS", event)
		}
		sns["Message"] = string(data)
		if diff := cmp.Diff(want, got.Records[1]); diff != "" {
			t.Errorf("the record differs (-want +got):\n%s", diff)
		}
	})
}

// TestLambdaTellsSourceRecordsApart asserts that events stay apart when a later event
// reuses the memory of a source record.
func TestLambdaTellsSourceRecordsApart(t *testing.T) {
	w := &sinktest.Wire{Status: http.StatusAccepted}
	l := New(w.Config(), function, "", KinesisRecords)
	raw := sinktest.SourceRaw("k", "many")
	for _, version := range []string{"1.0", "2.0", "3.0"} {
		copy(raw, bytes.Replace(sinktest.SourceRaw("k", "many"), []byte("1.0"), []byte(version), 1))
		r := engine.Record{Key: "k", Seq: "4900", Data: engine.Bytes([]byte("one")), Raw: raw}
		want := newKinesisTemplate(bytes.Clone(raw)).fill(&r)
		if got := l.Sizer()(&r); got != want.size()+1 {
			t.Errorf("%s: counts %d bytes; want %d", version, got, want.size()+1)
		}
		if o := l.Send(t.Context(), []engine.Record{r}); !o.OK() {
			t.Fatal(o.Err(0))
		}
		if diff := cmp.Diff(eventHead+string(slices.Concat(want[:]...))+eventTail, string(w.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", version, diff)
		}
	}
}
