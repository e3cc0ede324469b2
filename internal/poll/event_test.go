package poll

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	dt "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	kt "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares an event with an indented copy in a file.
func golden(t *testing.T, name string, event []byte) {
	t.Helper()
	var got bytes.Buffer
	must(t, json.Indent(&got, event, "", "  "))
	got.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, got.Bytes(), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

const shardID = "shardId-000000000006"

func kinesisEvent(t *testing.T, recs ...kt.Record) []byte {
	t.Helper()
	const role = "arn:aws:iam::123456789012:role/lambda-role"
	p, err := NewKinesis(nil, kinesisARN, nil, Options{InvokeIdentity: role})
	must(t, err)
	return Event(p.source.(*kinesisSource).records(shardID, recs))
}

// Names from a service are escaped: the event stays JSON, and decoding returns the
// name.
func TestNamesAreEscaped(t *testing.T) {
	const name = "s\"},\x1b[2J\\\n"
	p, err := NewKinesis(nil, kinesisARN, nil, Options{})
	must(t, err)
	e := Event(p.source.(*kinesisSource).records(name, []kt.Record{{SequenceNumber: aws.String(name)}}))
	var got events.KinesisEvent
	if err := json.Unmarshal(e, &got); err != nil || got.Records[0].EventID != name+":"+name {
		t.Errorf("%s: %v", e, err)
	}
}

func TestKinesisEvent(t *testing.T) {
	arrived := time.UnixMilli(1545084650987)
	e := kinesisEvent(t,
		kt.Record{
			PartitionKey: aws.String("1"), SequenceNumber: aws.String("49590338271490256608559692538361571095921575989136588898"),
			Data: []byte("Hello, this is a test."), ApproximateArrivalTimestamp: &arrived,
		},
		kt.Record{
			PartitionKey: aws.String("\"ключ\"\\\n<&>\x01"), SequenceNumber: aws.String("49590338271490256608559692540925702759324208523137515618"),
			Data: []byte{0, 0xFF}, ApproximateArrivalTimestamp: aws.Time(time.UnixMilli(1545084711007)),
		},
		kt.Record{SequenceNumber: aws.String("49590338271490256608559692540925702759324208523137515619")},
	)
	golden(t, "kinesis.json", e)

	var got events.KinesisEvent
	must(t, json.Unmarshal(e, &got))
	want := events.KinesisEventRecord{
		AwsRegion:         "eu-west-1",
		EventID:           shardID + ":49590338271490256608559692538361571095921575989136588898",
		EventName:         "aws:kinesis:record",
		EventSource:       "aws:kinesis",
		EventSourceArn:    kinesisARN,
		EventVersion:      "1.0",
		InvokeIdentityArn: "arn:aws:iam::123456789012:role/lambda-role",
		Kinesis: events.KinesisRecord{
			Data:                 []byte("Hello, this is a test."),
			PartitionKey:         "1",
			SequenceNumber:       "49590338271490256608559692538361571095921575989136588898",
			KinesisSchemaVersion: "1.0",
		},
	}
	// The type reads times as floating point numbers.
	if d := got.Records[0].Kinesis.ApproximateArrivalTimestamp.Sub(arrived).Abs(); d > time.Microsecond {
		t.Errorf("the arrival time is %v off", d)
	}
	got.Records[0].Kinesis.ApproximateArrivalTimestamp = events.SecondsEpochTime{}
	if diff := cmp.Diff(want, got.Records[0]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if key := got.Records[1].Kinesis.PartitionKey; key != "\"ключ\"\\\n<&>\x01" {
		t.Errorf("partition key %q", key)
	}
}

func dynamoDBEvent(t *testing.T, recs ...dt.Record) []byte {
	t.Helper()
	p, err := NewDynamoDB(nil, dynamoDBARN, nil, Options{})
	must(t, err)
	list, err := p.source.(*dynamoDBSource).records(shardID, recs)
	must(t, err)
	return Event(list)
}

func TestDynamoDBEvent(t *testing.T) {
	created := time.Unix(1480642020, 0)
	keys := map[string]dt.AttributeValue{
		"id":   &dt.AttributeValueMemberN{Value: "12345678901234567890.123456789012345678"},
		"name": &dt.AttributeValueMemberS{Value: "Ünï \"q\""},
	}
	item := map[string]dt.AttributeValue{
		"id":    keys["id"],
		"name":  keys["name"],
		"bin":   &dt.AttributeValueMemberB{Value: []byte{0, 1, '*', 'A'}},
		"empty": &dt.AttributeValueMemberB{Value: []byte{}},
		"yes":   &dt.AttributeValueMemberBOOL{Value: true},
		"no":    &dt.AttributeValueMemberBOOL{},
		"null":  &dt.AttributeValueMemberNULL{Value: true},
		"ss":    &dt.AttributeValueMemberSS{Value: []string{"Giraffe", "Zebra"}},
		"ns":    &dt.AttributeValueMemberNS{Value: []string{"1E+10", "-7.50"}},
		"bs":    &dt.AttributeValueMemberBS{Value: [][]byte{{0}, {0xFF, 0xFE}}},
		"list": &dt.AttributeValueMemberL{Value: []dt.AttributeValue{
			&dt.AttributeValueMemberS{Value: ""},
			&dt.AttributeValueMemberM{Value: map[string]dt.AttributeValue{"b": keys["id"], "a": &dt.AttributeValueMemberL{}}},
		}},
		"map": &dt.AttributeValueMemberM{Value: map[string]dt.AttributeValue{}},
	}
	recs := []dt.Record{
		{
			EventID: aws.String("f07f8ca4b0b26cb9c4e5e77e69f274ee"), EventName: dt.OperationTypeModify,
			EventVersion: aws.String("1.1"), EventSource: aws.String("aws:dynamodb"), AwsRegion: aws.String("eu-west-1"),
			Dynamodb: &dt.StreamRecord{
				ApproximateCreationDateTime: &created, Keys: keys, NewImage: item, OldImage: keys,
				SequenceNumber: aws.String("1405400000000002063282832"), SizeBytes: aws.Int64(54), StreamViewType: dt.StreamViewTypeNewAndOldImages,
			},
		},
		{
			EventID: aws.String("f07f8ca4b0b26cb9c4e5e77e42f274ee"), EventName: dt.OperationTypeRemove,
			UserIdentity: &dt.Identity{Type: aws.String("Service"), PrincipalId: aws.String("dynamodb.amazonaws.com")},
			Dynamodb: &dt.StreamRecord{
				ApproximateCreationDateTime: aws.Time(time.UnixMilli(1480642020250)), Keys: keys,
				SequenceNumber: aws.String("1405400000000002063282833"), SizeBytes: aws.Int64(20), StreamViewType: dt.StreamViewTypeKeysOnly,
			},
		},
		{EventID: aws.String("without a change"), EventName: dt.OperationTypeInsert},
	}
	e := dynamoDBEvent(t, recs...)
	golden(t, "dynamodb.json", e)

	var got events.DynamoDBEvent
	must(t, json.Unmarshal(e, &got))
	r := got.Records[0]
	if !r.Change.ApproximateCreationDateTime.Equal(created) {
		t.Errorf("creation time %v, want %v", r.Change.ApproximateCreationDateTime, created)
	}
	if id := r.Change.NewImage["id"].Number(); id != "12345678901234567890.123456789012345678" {
		t.Errorf("number %s has lost digits", id)
	}
	if b := r.Change.NewImage["bs"].BinarySet(); len(b) != 2 || !bytes.Equal(b[1], []byte{0xFF, 0xFE}) {
		t.Errorf("binary set %v", b)
	}
	// The type writes the same event.
	again, err := json.Marshal(r.Change.NewImage)
	must(t, err)
	var want, have any
	must(t, json.Unmarshal(again, &want))
	have = parse(t, e)["Records"].([]any)[0].(map[string]any)["dynamodb"].(map[string]any)["NewImage"]
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("new image (-want +got):\n%s", diff)
	}
	if id := got.Records[1].UserIdentity; id == nil || id.PrincipalID != "dynamodb.amazonaws.com" || id.Type != "Service" {
		t.Errorf("user identity %v", id)
	}
	if r := got.Records[1]; r.AWSRegion != "eu-west-1" || r.EventVersion != "1.1" || r.EventSource != "aws:dynamodb" {
		t.Errorf("what the service leaves out is not filled in: %+v", r)
	}
}

func parse(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	must(t, json.Unmarshal(data, &v))
	return v
}

// An attribute that cannot be written must stop the run, because skipping it would
// lose data.
func TestUnknownAttributeEndsTheRun(t *testing.T) {
	unknown := &dt.UnknownUnionMember{Tag: "X"}
	s := dynamoDBSource{stream: dynamoDBARN}
	for _, v := range []dt.AttributeValue{
		unknown, nil,
		&dt.AttributeValueMemberL{Value: []dt.AttributeValue{unknown, unknown}},
		&dt.AttributeValueMemberM{Value: map[string]dt.AttributeValue{"x": unknown}},
	} {
		_, err := s.records("a", []dt.Record{{Dynamodb: &dt.StreamRecord{Keys: map[string]dt.AttributeValue{"k": v}}}})
		r := reader{poller: newPoller(nil, Options{})}
		if _, err := r.handleError(t.Context(), err); err == nil || !strings.Contains(err.Error(), "shard a of stream "+dynamoDBARN+" has an unknown form") {
			t.Errorf("%T: error %v", v, err)
		}
	}
}

func TestFit(t *testing.T) {
	of := func(sizes ...int) []record {
		var recs []record
		for _, n := range sizes {
			recs = append(recs, record{json: bytes.Repeat([]byte{'1'}, n)})
		}
		return recs
	}
	room := maxEvent - len(recordsForm.head) - len(recordsForm.tail)
	for _, tt := range []struct {
		name  string
		recs  []record
		batch int
		want  int
	}{
		{"one", of(10), 100, 1},
		{"records are the bound", of(1, 1, 1), 2, 2},
		{"exactly full", of(room-11, 10), 100, 2},
		{"one byte over", of(room-10, 10), 100, 1},
		{"too large alone", of(room+1, 1), 100, 1},
		{"many", of(room/2, room/4, room/8, room/2), 100, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := Fit(tt.recs, tt.batch)
			if n != tt.want {
				t.Errorf("fit = %d, want %d", n, tt.want)
			}
			if size := len(Event(tt.recs[:n])); n > 1 && size > maxEvent {
				t.Errorf("the event has %d bytes, want at most %d", size, maxEvent)
			}
		})
	}
}

// The handler may keep an event, so each event needs its own memory, and no more
// than its length.
func TestEventAllocatesOnce(t *testing.T) {
	recs := make([]record, 100)
	for i := range recs {
		recs[i].json = []byte(`{"a":1}`)
	}
	if n := testing.AllocsPerRun(100, func() { Event(recs) }); n > 1 {
		t.Errorf("an event costs %v allocations, want 1", n)
	}
}

func FuzzAcknowledged(f *testing.F) {
	for _, s := range []string{"", "null", "{}", `{"batchItemFailures":null}`, fails("2"), fails("3", "1"), fails("9"), "[]", "{"} {
		f.Add([]byte(s))
	}
	batch := []record{{seq: "1"}, {seq: "2"}, {seq: "3"}}
	f.Fuzz(func(t *testing.T, answer []byte) {
		n, err := acknowledged(&recordsForm, answer, batch)
		if n < 0 || n > len(batch) || (err == nil) != (n == len(batch)) {
			t.Errorf("%q: %d records, error %v", answer, n, err)
		}
	})
}

func BenchmarkKinesisEvent(b *testing.B) {
	recs := make([]kt.Record, 100)
	for i := range recs {
		recs[i] = kt.Record{
			PartitionKey: aws.String("customer-1234"), SequenceNumber: aws.String("49590338271490256608559692538361571095921575989136588898"),
			Data: bytes.Repeat([]byte("data"), 128), ApproximateArrivalTimestamp: aws.Time(time.UnixMilli(1545084650987)),
		}
	}
	s := &kinesisSource{stream: kinesisARN, tail: kinesisTail("", "eu-west-1", kinesisARN)}
	b.ReportAllocs()
	for b.Loop() {
		Event(s.records(shardID, recs))
	}
	b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "records/s")
}
