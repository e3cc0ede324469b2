package envelope_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"fanout/engine"
	"fanout/lambda/envelope"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 22, 20, 15, 0, 123e6, time.UTC)

func rejected() engine.Rejected {
	return engine.Rejected{
		Record: engine.Record{
			Key: "k\"\n\xff", HashKey: "7", Data: engine.Bytes([]byte("\x00<data>\xff")), Lane: "shardId-000000000000",
			Seq: "4967", Sub: 3, Action: "PUT", Arrived: now.Add(-time.Hour).UnixMilli(),
		},
		Err: engine.Errorf(engine.TooLarge, "too <large>"), Attempts: 2,
	}
}

func ExampleWrap() {
	e := envelope.Wrap("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "billing", engine.Rejected{
		Record: engine.Record{Key: "customer-17", Data: engine.Bytes([]byte("hello")), Lane: "shardId-000000000000", Seq: "4967", Action: "PUT"},
		Err:    engine.Errorf(engine.Permanent, "there is no such queue"), Attempts: 1,
	}, now)
	text, err := e.Marshal()
	fmt.Println(string(text), err)
	// Output:
	// {"fanout":1,"source":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders","target":"billing","shard":"shardId-000000000000","sequence":"4967","key":"customer-17","action":"PUT","data":"aGVsbG8=","staged":true,"errorClass":"permanent","error":"there is no such queue","attempts":1,"time":"2026-11-22T20:15:00.123Z"} <nil>
}

func TestRoundTrip(t *testing.T) {
	for _, unstaged := range []bool{false, true} {
		in := rejected()
		in.Unstaged = unstaged
		in.Record.Key = "k\"\n"
		e := envelope.Wrap("source", "target", in, now)
		text, err := e.Marshal()
		if err != nil || bytes.ContainsRune(text, '\n') {
			t.Fatalf("%q, %v", text, err)
		}
		got, err := envelope.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		r := got.Record()
		want := in.Record
		if r.Key != want.Key || r.HashKey != want.HashKey || r.Lane != want.Lane || r.Seq != want.Seq || r.Sub != want.Sub ||
			r.Action != want.Action || r.Arrived != want.Arrived || !bytes.Equal(r.Data.Bytes(), want.Data.Bytes()) || got.Staged == unstaged {
			t.Errorf("the record inside is %+v", r)
		}
	}
}

// An empty record has data. Without data it would look like an unreadable one.
func TestEmptyRecord(t *testing.T) {
	in := rejected()
	in.Record.Key = ""
	for _, data := range [][]byte{nil, {}} {
		in.Record.Data = engine.Bytes(data)
		e := envelope.Wrap("source", "target", in, now)
		text, err := e.Marshal()
		if err != nil || !strings.Contains(string(text), `"data":""`) {
			t.Errorf("%s, %v", text, err)
		}
		if got, err := envelope.Parse(text); err != nil || len(got.Data) > 0 {
			t.Errorf("%q, %v", got.Data, err)
		}
	}
	in.Record.Data = engine.Unreadable(errors.New("no"))
	e := envelope.Wrap("source", "target", in, now)
	text, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := envelope.Parse(text); err != nil || !got.Unreadable {
		t.Errorf("unreadable %v, %v", got.Unreadable, err)
	}
}

// A record without its image keeps that mark on return, because otherwise redrive would let
// it replace the stored item.
func TestNoImage(t *testing.T) {
	in := rejected()
	in.Record.Data.StandIn()
	e := envelope.Wrap("source", "target", in, now)
	text, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := envelope.Parse(text)
	if r := got.Record(); err != nil || !r.Data.IsStandIn() {
		t.Errorf("%s is read as a record with an image, %v", text, err)
	}
}

func TestParseFaults(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       "not the JSON of an envelope",
		`secret`:                                 "not the JSON of an envelope",
		`{"data":7}`:                             "not the JSON of an envelope",
		`{}`:                                     `"fanout" is missing`,
		`{"fanout":2,"source":"s","target":"t"}`: "version is 2",
		`{"fanout":1,"source":"s"}`:              "its source or target is missing",
		`{"fanout":1,"source":"s","target":"t"}`: "its data is missing",
		`{"fanout":1,"source":"s","target":"t","data":null,"unreadable":false}`: "its data is missing",
		`{"fanout":1,"source":"s","target":"t"} {}`:                             "there is text after",
	} {
		_, err := envelope.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	e := envelope.Wrap("source", "target", rejected(), now)
	text, _ := e.Marshal()
	f.Add(text)
	f.Add([]byte(`{"fanout":1,"source":"s","target":"t","data":"!"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := envelope.Parse(data)
		if err != nil {
			return
		}
		text, err := e.Marshal()
		if err != nil {
			return // a time beyond year 9999
		}
		again, err := envelope.Parse(text)
		if err != nil {
			t.Fatalf("%q was written and cannot be read: %v", text, err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("(-first +again)\n%s", diff)
		}
	})
}
