package lambda_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/redrive"
	"fanout/internal/testing/kpl"
	"fanout/lambda/envelope"
	"fanout/sinks"
)

// invoked returns the records that the function "out" got.
func (a *account) invoked() (all []string) {
	for _, r := range a.Records("lambda/out") {
		all = append(all, string(r.Data))
	}
	return all
}

// A function gets the stream records of a table with plain images in them, so that it can
// see the kind of change.
func TestFunctionGetsPlainImages(t *testing.T) {
	a := open(t, targets(customers, "id: t, type: lambda, convertDDB: true, destination: out", "id: r, type: lambda, destination: raw"))
	remove := `{"eventID":"2","eventName":"REMOVE","eventSource":"aws:dynamodb","eventSourceARN":"` + customers +
		`","dynamodb":{"Keys":{"id":{"S":"a"}},"OldImage":{"id":{"S":"a"},"v":{"N":"1.50"}},"SequenceNumber":"2"}}`
	modify := `{"eventID":"1","eventName":"MODIFY","eventSource":"aws:dynamodb","eventSourceARN":"` + customers +
		`","dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"},"v":{"N":"1.50"}},"OldImage":{"id":{"S":"a"},"v":{"N":"1"}},"SequenceNumber":"1"}}`
	a.deliver(`{"Records":[` + modify + "," + remove + `]}`)
	want := []string{
		`{"eventID":"1","eventName":"MODIFY","eventSource":"aws:dynamodb","eventSourceARN":"` + customers +
			`","dynamodb":{"Keys":{"id":"a"},"NewImage":{"id":"a","v":1.50},"OldImage":{"id":"a","v":1},"SequenceNumber":"1"}}`,
		`{"eventID":"2","eventName":"REMOVE","eventSource":"aws:dynamodb","eventSourceARN":"` + customers +
			`","dynamodb":{"Keys":{"id":"a"},"OldImage":{"id":"a","v":1.50},"SequenceNumber":"2"}}`,
	}
	if diff := cmp.Diff(want, a.invoked()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var raw []string
	for _, r := range a.Records("lambda/raw") {
		raw = append(raw, string(r.Data))
	}
	if diff := cmp.Diff([]string{modify, remove}, raw); diff != "" {
		t.Errorf("without convertDDB (-want +got)\n%s", diff)
	}
}

// A function gets records with decompressed data. An aggregate inside becomes its user records.
func TestFunctionGetsDecompressedData(t *testing.T) {
	a := open(t, targets(orders, "id: t, type: lambda, decompress: auto, deaggregate: true, destination: out"))
	aggregate := kpl.Aggregate(kpl.User{Key: "x", Data: "one"}, kpl.User{Key: "x", Data: "two"})
	a.deliver(eventOf(
		kinesisRecord{orders, "shardId-000000000000", "9", "x", gzipped("text")},
		kinesisRecord{orders, "shardId-000000000000", "10", "x", gzipped(string(aggregate))},
		kinesisRecord{orders, "shardId-000000000000", "11", "x", []byte("plain")},
	))
	var got []string
	for _, text := range a.invoked() {
		var r struct {
			EventID string
			Kinesis struct {
				SubSequenceNumber int
				Data              []byte
			}
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.EventID, " ", r.Kinesis.SubSequenceNumber, " ", string(r.Kinesis.Data)))
	}
	want := []string{"shardId-000000000000:9 0 text", "shardId-000000000000:10 0 one", "shardId-000000000000:10:1 1 two", "shardId-000000000000:11 0 plain"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

// A function gets one record per user record, with its own eventID. Other records arrive
// unchanged.
func TestFunctionGetsUserRecords(t *testing.T) {
	a := open(t, targets(orders, "id: t, type: lambda, deaggregate: true, destination: out"))
	a.deliver(eventOf(
		kinesisRecord{orders, "shardId-000000000000", "9", "x", kpl.Aggregate(kpl.User{Key: "a", Data: "one"}, kpl.User{Key: "b", Data: "two"})},
		kinesisRecord{orders, "shardId-000000000000", "10", "c", []byte("three")},
	))
	var got []string
	for _, text := range a.invoked() {
		var r struct {
			ID      string `json:"eventID"`
			Kinesis struct {
				PartitionKey, SequenceNumber string
				SubSequenceNumber            *int
				Data                         []byte
			}
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		sub := "none"
		if r.Kinesis.SubSequenceNumber != nil {
			sub = fmt.Sprint(*r.Kinesis.SubSequenceNumber)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %s", r.ID, r.Kinesis.SequenceNumber, sub, r.Kinesis.PartitionKey, r.Kinesis.Data))
	}
	want := []string{"shardId-000000000000:9:0 9 0 a one", "shardId-000000000000:9:1 9 1 b two", "shardId-000000000000:10 10 none c three"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// appendNewlines changes a function's data if the data can end with a newline.
func TestFunctionGetsNewlines(t *testing.T) {
	const line = "id: t, type: lambda, appendNewlines: true, destination: out"
	for name, c := range map[string]struct{ source, event, want string }{
		"kinesis":  {orders, eventOf(kinesisRecord{orders, "s", "9", "a", []byte("one")}), `"data":"b25lCg=="`},
		"sns":      {alerts, eventOf(notification{"m1", "fire"}), `"Message":"fire\n"`},
		"dynamodb": {customers, eventOf(insertedItem{"1", "ann"}), `"NewImage":{"id":{"S":"ann"}}`},
	} {
		a := open(t, targets(c.source, line))
		a.deliver(c.event)
		all := a.invoked()
		if len(all) != 1 || !json.Valid([]byte(all[0])) {
			t.Fatalf("%s: %q", name, all)
		}
		if !strings.Contains(all[0], c.want) || strings.Contains(all[0], "subSequenceNumber") {
			t.Errorf("%s: got %s, without %s", name, all[0], c.want)
		}
	}
}

// Envelopes of older versions hold only the image. Redrive builds a source record from it.
func TestRedriveFormerImages(t *testing.T) {
	a := open(t, targets(customers, "id: t, type: lambda, convertDDB: true, destination: out"))
	var all []envelope.Envelope
	for i, e := range []envelope.Envelope{
		{Action: "INSERT", Data: []byte(`{"v":1.50}`), Staged: true},
		{Action: "REMOVE", Data: []byte(`{"id":"a"}`), Staged: true},
		{Action: "MODIFY", Data: []byte(`{"v":{"N":"2"}}`)},
		{Action: "MODIFY", Data: []byte(`{"v":3}`), Passed: []string{"convertddb"}},
		{Action: "MODIFY", Staged: true, Event: json.RawMessage(`{"dynamodb":{"NewImage":{"v":4}}}`)},
		{Action: "MODIFY", Event: json.RawMessage(`{"dynamodb":{"NewImage":{"v":{"N":"5"}}}}`)},
	} {
		e.Version, e.Source, e.Target, e.Shard, e.Sequence, e.Key = 1, customers, "t", customers, fmt.Sprint(i), "k"
		all = append(all, e)
	}
	a.redrive(redrive.NewDelivery(a.Handler, sinks.Spec{}), customers, all, len(all))
	record := func(name, images string) string {
		return `{"eventName":"` + name + `","eventSource":"aws:dynamodb","dynamodb":{` + images + `},"eventSourceARN":"` + customers + `"}`
	}
	want := []string{
		record("INSERT", `"NewImage":{"v":1.50},"SequenceNumber":"0"`),
		record("REMOVE", `"Keys":{"id":"a"},"SequenceNumber":"1"`),
		record("MODIFY", `"NewImage":{"v":2},"SequenceNumber":"2"`),
		record("MODIFY", `"NewImage":{"v":3},"SequenceNumber":"3"`),
		`{"dynamodb":{"NewImage":{"v":4}}}`,
		`{"dynamodb":{"NewImage":{"v":5}}}`,
	}
	got := a.invoked()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
