package event

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/jsonscan"
)

func decodeFile(t *testing.T, name string) []flatBatch {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	all := flatten(batches)
	for _, b := range all {
		for i := range b.Records {
			if raw := b.Records[i].Raw; raw[0] != '{' || raw[len(raw)-1] != '}' {
				t.Errorf("record %d: Raw is %q", i, raw)
			}
			b.Records[i].Raw = ""
		}
	}
	return all
}

func TestSources(t *testing.T) {
	const (
		stream = "arn:aws:kinesis:us-east-2:123456789012:stream/readings.v1"
		posts  = "arn:aws:dynamodb:us-west-2:123456789012:table/Posts/stream/2016-11-16T20:42:48.104"
		blobs  = "arn:aws:dynamodb:us-west-2:123456789012:table/Blobs/stream/2016-11-16T20:42:48.104"
		topic  = "arn:aws:sns:us-east-2:123456789012:orders"
		id     = "95df01b4-ee98-5cb9-9903-4c221d41eb5e"

		queue   = "arn:aws:sqs:us-east-2:123456789012:my-queue"
		fifo    = "arn:aws:sqs:us-east-2:123456789012:fifo.fifo"
		message = "059f36b4-87a3-44ab-83d2-661975830a7d"

		cluster = "arn:aws:kafka:us-east-1:123456789012:topic/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2/"
		brokers = "kafka://b1.example.com:9092,b2.example.com:9092/"
		hello   = "Hello, this is a test."
	)
	for file, want := range map[string][]flatBatch{
		"kinesis.json": {{stream, Kinesis, []flat{
			{
				Key: "device-7", Data: `{"temperature":21.5}`, Lane: "shardId-000000000006",
				Seq: "49590338271490256608559692538361571095921575989136588898", Action: "PUT", Arrived: 1545084650987,
			},
			{
				Key: "device-8", HashKey: "170141183460469231731687303715884105728", Lane: "shardId-000000000007",
				Seq: "49590338271490256608559692540925702759324208523137515618", Action: "PUT", Arrived: 1545084711166,
			},
		}}},
		"dynamodb.json": {{posts, DynamoDB, []flat{{
			Key:  `a\|b|1479499740`,
			Data: `{"Timestamp": {"N": "1479499740"}, "Author": {"S": "a|b"}, "Text": {"S": "line\nline"}, "Tags": {"SS": ["x", "y"]}}`,
			Lane: posts, Seq: "13021600000000001596893679", Action: "INSERT", Arrived: 1479499740000,
		}}}, {blobs, DynamoDB, []flat{{
			Key: "AP8=", Data: `{"Hash": {"B": "AP8="}}`, Lane: blobs, Seq: "13021700000000001596893680",
			Action: "REMOVE", Arrived: 1479499741500,
		}}}},
		"sns.json": {{topic, SNS, []flat{{
			Key: id, Data: `{"id":1,"note":"café 😀"}`, Lane: topic, Seq: id, Action: "NOTIFICATION", Arrived: 1546433107123,
		}}}},
		"sqs.json": {{queue, SQS, []flat{
			{
				Key: message, Data: `{"id":1,"note":"café"}`, Lane: queue, Seq: message, Action: "MESSAGE", Arrived: 1545082649183,
				Message: Message{ID: message},
			},
			{
				Key: "tenant-7", Data: "Test message.", Lane: queue, Seq: "2e1424d4-f796-459a-8184-9c92662be6da", Action: "MESSAGE", Arrived: 1545082650636,
				Message: Message{ID: "2e1424d4-f796-459a-8184-9c92662be6da", Again: true},
			},
		}}, {fifo, SQS, []flat{{
			Key: "1", Data: "Test message.", Lane: "1", Seq: "18849496460467696128", Action: "MESSAGE", Arrived: 1573251510774,
			Message: Message{ID: "11d6ee51-4cc7-4302-9e22-7cd8afdaadf5"},
		}}}},
		"kafka.json": {{cluster + "mytopic", Kafka, []flat{
			{Key: "abcDEF", Data: hello, Lane: "mytopic-0", Seq: "15", Action: "PUT", Arrived: 1545084650987},
			{Key: "/w==", Lane: "mytopic-0", Seq: "16", Action: "REMOVE"},
			{Data: "{}", Lane: "mytopic-1", Seq: "15", Action: "PUT", Arrived: 1545084650988},
		}}, {cluster + "my-other-topic", Kafka, []flat{
			{Lane: "my-other-topic-12", Seq: "7", Action: "PUT", Arrived: 1545084711166},
		}}},
		"selfmanaged.json": {{brokers + "mytopic", Kafka, []flat{
			{Key: "abcDEF", Data: hello, Lane: "mytopic-0", Seq: "15", Action: "PUT", Arrived: 1545084650987},
		}}},
	} {
		if diff := cmp.Diff(want, decodeFile(t, file)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", file, diff)
		}
	}
}

// Records of several sources in one event keep their order within each.
func TestMixed(t *testing.T) {
	var records []string
	for i, arn := range []string{"a", "b", "a", "c", "b", "a"} {
		records = append(records, fmt.Sprintf(
			`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"s:%d","kinesis":{"data":"","sequenceNumber":"%[2]d"}}`, arn, i))
	}
	batches, err := Decode([]byte(`{"Records":[` + strings.Join(records, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range batches {
		s := b.SourceARN
		for _, r := range b.Records {
			s += " " + r.Seq
		}
		got = append(got, s)
	}
	if diff := cmp.Diff([]string{"a 0 2 5", "b 1 4", "c 3"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestUnknownShard: records without a shard share a lane named for that, also in an event
// with other records.
func TestUnknownShard(t *testing.T) {
	var records []string
	for i, id := range []string{`"shard-1:0"`, `"shard-1"`, `":2"`, `""`, `null`, `"shard-2:5"`, `7`} {
		records = append(records, fmt.Sprintf(
			`{"eventID":%s,"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":"","sequenceNumber":"%d"}}`, id, i))
	}
	records = append(records, `{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":"","sequenceNumber":"7"}}`)
	records = append(records, records[len(records)-1])
	batches, err := Decode([]byte("\uFEFF" + `{"Records":[` + strings.Join(records, ",") + `]}`))
	if err != nil || len(batches) != 1 {
		t.Fatal(batches, err)
	}
	var got []string
	for _, r := range batches[0].Records {
		got = append(got, r.Lane)
	}
	const unknown = "unknown-shard"
	if diff := cmp.Diff([]string{"shard-1", "shard-1", unknown, unknown, unknown, "shard-2", unknown, unknown, unknown}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoRecords(t *testing.T) {
	for _, event := range []string{`{"Records":[]}`, `{"Records": null }`, `{"Records":[{"eventSource":"aws:s3"}],"Records":[]}`} {
		if batches, err := Decode([]byte(event)); err != nil || len(batches) > 0 {
			t.Errorf("%s: got %v, %v", event, batches, err)
		}
	}
}

func TestErrors(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct{ event, want string }{
		{``, "the event is not JSON: it ends too early, at byte 0"},
		{`{"Records":[`, "the event is not JSON: it ends too early, at byte 12"},
		{`{"Records":[01]}`, "the event is not JSON: byte 13 does not belong there"},
		{`{"Records":[]} []`, "the event is not JSON: byte 15 does not belong there"},
		{"{\"Records\":[\"\n\"]}", "the event is not JSON: byte 13 does not belong there"},
		{"\uFEFF{\"Records\":[01]}", "the event is not JSON: byte 16 does not belong there"},
		{"\xFF\xFE{\x00}\x00", "the event is not JSON in UTF-8 but UTF-16 text; save it as UTF-8"},
		{"\xFE\xFF\x00{\x00}", "the event is not JSON in UTF-8 but UTF-16 text; save it as UTF-8"},
		{`[]`, "the event is a list, not an object with Records from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka"},
		{`{}`, "the event has no Records, only {}; fanout accepts events from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka"},
		{
			`{"source":"aws.events","detail":{"Records":[]}}`,
			`the event has no Records, only "source", "detail"; fanout accepts events from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka`,
		},
		{
			`{"` + long + `":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0}`,
			`the event has no Records, only "` + long[:64] + `"…, "b", "c", "d", "e", "f", "g", "h" and more; fanout accepts events from aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka`,
		},
		{`{"Records":"x"}`, "the event's Records is a string, not a list"},
		{`{"Records":[7]}`, "the event's Records[0] is a number, not an object"},
		{`{"Records":[{}]}`, "the event's Records[0] has no eventSource; fanout accepts aws:kinesis, aws:dynamodb, aws:sns and aws:sqs"},
		{
			`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":""}},{"eventSource":"aws:s3"},{}]}`,
			`the event's Records[1] comes from "aws:s3"; fanout accepts aws:kinesis, aws:dynamodb, aws:sns and aws:sqs`,
		},
		{`{"Records":[{"eventSource":"aws:dynamodb"}]}`, "the event's Records[0] comes from aws:dynamodb but has no eventSourceARN"},
		{`{"Records":[{"EventSource":"aws:sns","Sns":{"TopicArn":""}}]}`, "the event's Records[0] comes from aws:sns but has no Sns.TopicArn"},
	} {
		if _, err := Decode([]byte(tt.event)); err == nil || err.Error() != tt.want {
			t.Errorf("%.60s\n got %v\nwant %s", tt.event, err, tt.want)
		}
	}
}

// A malformed record fails alone with a reason, and keeps its place.
func TestUnreadable(t *testing.T) {
	const kinesis, dynamodb, sns, sqs = `"eventSource":"aws:kinesis","eventSourceARN":"a","eventID":"s:1"`,
		`"eventSource":"aws:dynamodb","eventSourceARN":"a"`, `"EventSource":"aws:sns"`, `"eventSource":"aws:sqs","eventSourceARN":"a.fifo"`
	for _, tt := range []struct{ record, lane, seq, want string }{
		{kinesis, "s", "1", "the record's kinesis is missing, not an object"},
		{kinesis + `,"kinesis":[]`, "s", "1", "the record's kinesis is a list, not an object"},
		{kinesis + `,"kinesis":{"sequenceNumber":"1"}`, "s", "1", "the record's kinesis.data is missing, not a string"},
		{kinesis + `,"kinesis":{"sequenceNumber":"1","data":null}`, "s", "1", "the record's kinesis.data is null, not a string"},
		{kinesis + `,"kinesis":{"sequenceNumber":"1","data":"a"}`, "s", "1", "the record's data is not valid base64"},
		{kinesis + `,"kinesis":{"sequenceNumber":"1","data":"","partitionKey":true}`, "s", "1", "the record's kinesis.partitionKey is a boolean, not a string"},
		{dynamodb + `,"eventName":"INSERT"`, "a", "", "the record's dynamodb is missing, not an object"},
		{dynamodb + `,"eventName":"INSERT","dynamodb":{"SequenceNumber":"2"}`, "a", "2", "the record's dynamodb.Keys is missing, not an object"},
		{dynamodb + `,"eventName":"INSERT","dynamodb":{"Keys":{}}`, "a", "", "the record's dynamodb.Keys is empty"},
		{dynamodb + `,"eventName":"INSERT","dynamodb":{"Keys":{"k":{"L":[]}}}`, "a", "", "the record's dynamodb.Keys has an attribute that is not of type S, N or B"},
		{dynamodb + `,"eventName":"INSERT","dynamodb":{"Keys":{"k":{"S":""}},"NewImage":"x"}`, "a", "", "the record's dynamodb.NewImage is a string, not an object"},
		{dynamodb + `,"eventName":"DROP","dynamodb":{"Keys":{"k":{"S":""}}}`, "a", "", `the record's eventName is "DROP", not INSERT, MODIFY or REMOVE`},
		{dynamodb + `,"dynamodb":{"Keys":{"k":{"S":""}}}`, "a", "", "the record's eventName is missing, not a string"},
		{sns + `,"Sns":{"TopicArn":"a","MessageId":"7"}`, "a", "7", "the record's Sns.Message is missing, not a string"},
		{sqs + `,"messageId":"7"`, "a.fifo", "7", "the record's body is missing, not a string"},
		{sqs + `,"messageId":"7","attributes":{"MessageGroupId":"g","SequenceNumber":"8"},"body":{}`, "g", "8", "the record's body is an object, not a string"},
		{sqs + `,"messageId":7,"attributes":{"MessageGroupId":"g","SequenceNumber":"8"},"body":""`, "g", "8", "the record's messageId is a number, not a string"},
		{sqs + `,"messageId":"7","attributes":{"MessageGroupId":[]},"body":""`, "a.fifo", "7", "the record's attributes.MessageGroupId is a list, not a string"},
	} {
		batches, err := Decode([]byte(`{"Records":[{` + tt.record + `}]}`))
		if err != nil || len(batches) != 1 || len(batches[0].Records) != 1 {
			t.Errorf("%s: got %v, %v", tt.record, batches, err)
			continue
		}
		r := batches[0].Records[0]
		if err := r.Data.Err(); err == nil || err.Error() != tt.want || r.Lane != tt.lane || Number(r.Seq) != tt.seq || r.Seq == "" {
			t.Errorf("%s\n got %v, lane %q, sequence number %q\nwant %s", tt.record, err, r.Lane, r.Seq, tt.want)
		}
	}
}

// Streams whose view has no new image deliver the keys.
func TestKeysOnly(t *testing.T) {
	batches, err := Decode([]byte(`{"Records":[{"eventName":"MODIFY","dynamodb":{"NewImage":null,"Keys":{"k":{"S":"\u0076"}}},` +
		`"eventSource":"aws:dynamodb","eventSourceARN":"a"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r := batches[0].Records[0]; string(r.Data.Bytes()) != `{"k":{"S":"\u0076"}}` || r.Key != "v" || !r.Data.IsStandIn() {
		t.Errorf("got %q, key %q, stand-in %t", r.Data.Bytes(), r.Key, r.Data.IsStandIn())
	}
}

func TestDepth(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(`{"Records":[],"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	if _, err := Decode(nested(jsonscan.MaxDepth - 1)); err != nil {
		t.Errorf("%d deep: %v", jsonscan.MaxDepth, err)
	}
	const want = "the event is nested more than 10000 deep, at byte 10018"
	if _, err := Decode(nested(jsonscan.MaxDepth)); err == nil || err.Error() != want {
		t.Errorf("%d deep: got %v, want %s", jsonscan.MaxDepth+1, err, want)
	}
}

func TestMillis(t *testing.T) {
	for text, want := range map[string]int64{
		"1545084650.987":          1545084650987,
		"1.545084650987E9":        1545084650987,
		"1545084650987e-3":        1545084650987,
		"0.0001545084650987e13":   1545084650987,
		"1545084650":              1545084650000,
		"1545084650.9879":         1545084650987, // cut off
		"1545084650.1":            1545084650100,
		"0.0004":                  0,
		"0.004":                   4,
		"4e-3":                    4,
		"0":                       0,
		"0e99999999999999999999":  0,
		"1e99999999999999999999":  0,
		"1e-99999999999999999999": 0,
		"-1":                      0,
		"253402300799.999":        maxMillis,
		"253402300800":            0,
	} {
		if got := millis(jsonscan.Value{Raw: []byte(text), Kind: jsonscan.Number}); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
	if got := millis(jsonscan.Value{Raw: []byte("1"), Kind: jsonscan.Plain}); got != 0 {
		t.Errorf("a string: got %d", got)
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{Kinesis: "aws:kinesis", DynamoDB: "aws:dynamodb", SNS: "aws:sns", SQS: "aws:sqs", 9: "source kind 9"} {
		if k.String() != want {
			t.Errorf("got %s, want %s", k, want)
		}
	}
}

// A text longer than a chunk of the arena gets memory of its own.
func TestLongText(t *testing.T) {
	long := strings.Repeat(`\u20ac`, maxChunk)
	batches, err := Decode([]byte(`{"Records":[{"EventSource":"aws:sns","Sns":{"TopicArn":"t","Message":"` + long + `"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(batches[0].Records[0].Data.Bytes()); got != strings.Repeat("€", maxChunk) {
		t.Errorf("got %d bytes", len(got))
	}
}

func ExampleDecode() {
	batches, err := Decode([]byte(`{"Records":[{
		"eventSource": "aws:kinesis",
		"eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks",
		"eventID": "shardId-000000000000:4957",
		"kinesis": {"partitionKey": "user-1", "sequenceNumber": "4957", "data": "aGVsbG8="}
	}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, b := range batches {
		fmt.Println(b.Kind, b.SourceARN)
		for _, r := range b.Records {
			fmt.Printf("%s %s %s=%s\n", r.Lane, r.Seq, r.Key, r.Data.Bytes())
		}
	}
	// Output:
	// aws:kinesis arn:aws:kinesis:eu-west-1:123456789012:stream/clicks
	// shardId-000000000000 4957 user-1=hello
}
