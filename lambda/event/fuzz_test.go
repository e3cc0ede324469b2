package event

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// hostile holds events that are wrong, or valid in unusual ways.
var hostile = []string{
	``, ` `, `null`, `true`, `0`, `"Records"`, `[]`, `{}`, `{"Records":[]}`, `{"Records":null}`, `{"Records":{}}`,
	`{"Records":[null]}`, `{"Records":[[]]}`, `{"Records":[{}]}`, `{"records":[]}`, `{"Records":[],}`, `{"Records":[]}x`,
	`{"Records":[]} ` + "\x00", `{"Records":[01]}`, `{"Records":[-]}`, `{"Records":[1.]}`, `{"Records":[1e]}`,
	`{"Records":["\x"]}`, `{"Records":["\u12g4"]}`, "{\"Records\":[\"\x01\"]}", `{"Records":["`, `{"Records":["\`, `{"Records":["\u00`,
	`{"Records":[tru]}`, `{"Records" []}`, `{"Records":[1 2]}`, `{Records:[]}`, `{"a":-0.5E+3,"Records":[]}`, "{\"Records\":[\"\x7f\xff\"]}",
	"\uFEFF", "\uFEFF{\"Records\":[]}", "\uFEFF\uFEFF{\"Records\":[]}", "{\uFEFF\"Records\":[]}", "\xFF\xFE{\x00", "\uFEFF{\"Records\":[0]",
	`{"detail-type":"Scheduled Event","source":"aws.events"}`,
	`{"Records":[{"eventSource":"aws:s3"}],"Records":[]}`,
	`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a"}]}`,
	`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":"QQ==","data":null}}]}`,
	`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":"QQ==","sequenceNumber":1}}]}`,
	`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":"Q\u0051=="},"kinesis":{}}]}`,
	`{"\u0052ecords":[{"event\u0053ource":"aws:\u006binesis","eventSourceARN":"a\/b","eventID":"s\u003a1","kinesis":{"da\u0074a":"\/\u002b8="}}]}`,
	`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"data":"A","approximateArrivalTimestamp":1e400}}]}`,
	`{"Records":[{"eventSource":"aws:kinesis","eventSourceARN":"a","kinesis":{"partitionKey":"\ud800\u0041\udc00","data":"AA=="}}]}`,
	`{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":"a","eventName":"INSERT","dynamodb":{"Keys":{"b":{"S":"1\\|"},"a":{"N":"2","S":"3"},"a":{"B":"\u007c"}}}}]}`,
	`{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":"a","eventName":"REMOVE","dynamodb":{"Keys":{"b":{"BOOL":true}},"NewImage":{}}}]}`,
	`{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":"a","eventName":"TRUNCATE","dynamodb":{"Keys":{},"NewImage":[]}}]}`,
	`{"Records":[{"EventSource":"aws:sns","Sns":{"TopicArn":"t","Message":"\"\\\/\b\f\n\r\t\u20ac\ud83d\ude00","SequenceNumber":"1","Timestamp":"x"}}]}`,
	`{"Records":[{"EventSource":"aws:sns","eventSource":null,"Sns":{"TopicArn":"t","Message":3}}]}`,
	`{"Records":[{"eventSource":"aws:sqs","eventSourceARN":"q","messageId":"m","body":"b","attributes":null},{"eventSource":"aws:sqs","eventSourceARN":"q","messageId":"m","body":"b"}]}`,
	`{"Records":[{"eventSource":"aws:sqs","eventSourceARN":"q","messageId":7,"body":"b"},{"eventSource":"aws:sqs","eventSourceARN":"q","body":"\"}]}`,
	`{"Records":[{"eventSource":"aws:sqs","eventSourceARN":"q.fifo","messageId":"m","body":"b","attributes":{"MessageGroupId":"g"},"attributes":{"SequenceNumber":"1","SentTimestamp":"99999999999999999"}}]}`,
	`{"Records":[{"eventSource":"aws:sqs","eventSourceARN":"q.fifo","body":"b","attributes":{"MessageGroupId":"g","SequenceNumber":"2","SentTimestamp":"-1","ApproximateReceiveCount":"1"}}]}`,
	`{"Records":[{"eventSource":"aws:sqs","eventSourceARN":"q.fifo","body":"b","attributes":{"MessageGroupId":3,"SentTimestamp":5,"ApproximateReceiveCount":1}}]}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":{}}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":null}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":[]}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c"}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a","records":{"t-0":[]}}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":{"t-0":null,"t-1":{}}}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":{"t":[]}}`,
	`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":{"-0":[]}}`,
	`{"eventSource":"SelfManagedKafka","records":{"t-0":[]}}`,
	`{"eventSource":"SelfManagedKafka","bootstrapServers":"b","records":{"t-0":[{"offset":1,"value":"QQ=="}]},"Records":[]}`,
	`{"records":{"t-0":[1,null,{},{"offset":1.0},{"offset":-1,"key":"QQ"},{"offset":2,"key":"Q\u0051==","value":7}]},"bootstrapServers":"c,b","eventSource":"SelfManagedKafka"}`,
	`{"records":{"t-0":[{"offset":1,"value":"x"},{"offset":1,"key":"","offset":1}],"t\u002d0":[{"offset":"1","timestamp":1e3}]},"bootstrapServers":"c,b","eventSource":"Self\u004danagedKafka"}`,
	`{"eventSource":"aws:kinesis","records":{"t-0":[]}}`,
	`{"Records":[{"eventSource":"aws:kafka","eventSourceARN":"a"}]}`,
}

func seeds(t testing.TB) [][]byte {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no events in testdata")
	}
	var all [][]byte
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	for _, s := range hostile {
		all = append(all, []byte(s))
	}
	return all
}

// FuzzDecode holds Decode to a reference that uses encoding/json.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(compare)
}

func compare(t *testing.T, data []byte) {
	before := bytes.Clone(data)
	batches, err := Decode(data)
	got := flatten(batches)
	if !bytes.Equal(data, before) {
		t.Fatal("Decode changed the event")
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // which encoding/json refuses
	if err == nil && !json.Valid(data) {
		t.Fatal("accepted what is not JSON")
	}
	if !utf8.Valid(data) {
		if syntax := err != nil && (strings.Contains(err.Error(), "not JSON") || strings.Contains(err.Error(), "nested")); syntax == json.Valid(data) {
			t.Fatalf("JSON: %v, but Decode says: %v", json.Valid(data), err)
		}
		return // encoding/json replaces bytes that are not UTF-8
	}
	want, wantErr := reference(data)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("got error %v, want %v", err, wantErr)
	}
	if diff := cmp.Diff(want, got); err == nil && diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// Every event, cut off or with one byte changed, decodes as the reference does.
func TestDamaged(t *testing.T) {
	for _, seed := range seeds(t) {
		for i := range seed {
			compare(t, seed[:i])
			for _, c := range []byte(`"\}0` + "\x1f\xff") {
				damaged := bytes.Clone(seed)
				damaged[i] = c
				compare(t, damaged)
			}
		}
	}
}
