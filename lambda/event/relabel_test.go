package event

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelabel(t *testing.T) {
	const arn = "arn:aws:sns:eu-west-1:123456789012:alerts"
	for _, tt := range []struct {
		event string
		kind  Kind
		want  string // with NEW for the ARN; or the error
	}{
		{`{"Records":[]}`, Kinesis, `{"Records":[]}`},
		{"\uFEFF{\n \"a\": 1.50, \"Records\" : [ {\"eventSource\":\"aws:kinesis\", \"eventSourceARN\" :\n\"arn:aws:kinesis:EXAMPLE\" , \"kinesis\":{\"eventSourceARN\":\"x\"}}\n] }",
			Kinesis, "\uFEFF{\n \"a\": 1.50, \"Records\" : [ {\"eventSource\":\"aws:kinesis\", \"eventSourceARN\" :\nNEW , \"kinesis\":{\"eventSourceARN\":\"x\"}}\n] }"},
		{`{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":null},{ "eventSource":"aws:dynamodb"}]}`, DynamoDB,
			`{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":NEW},{"eventSourceARN":NEW, "eventSource":"aws:dynamodb"}]}`},
		{`{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"{\"TopicArn\":1}","Topic\u0041rn":"a\"b","x":{"TopicArn":"c"}}}]}`, SNS,
			`{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"{\"TopicArn\":1}","Topic\u0041rn":NEW,"x":{"TopicArn":"c"}}}]}`},
		{`{"Records":[{"eventSource":"aws:kinesis"},{"eventSource":"aws:dynamodb"}]}`, Kinesis, "the event's Records[1] does not come from aws:kinesis but from aws:dynamodb"},
		{`{"Records":[{}]}`, Kinesis, "the event's Records[0] does not come from aws:kinesis"},
		{`{"Records":[7]}`, Kinesis, "the event's Records[0] is a number, not an object"},
		{`{"Records":[{]}`, Kinesis, "the event is not JSON: byte 13 does not belong there"},
		{`{"Records":7}`, Kinesis, `{"Records":7}`}, // Decode reports the fault
		{`{}`, Kinesis, `{}`},
	} {
		got, err := Relabel([]byte(tt.event), tt.kind, arn)
		if err != nil {
			got = []byte(err.Error())
		}
		if diff := cmp.Diff(tt.want, string(bytes.ReplaceAll(got, []byte(`"`+arn+`"`), []byte("NEW")))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.event, diff)
		}
	}
}

// FuzzRelabel: a relabelled event has the same records, all of the source it was given.
func FuzzRelabel(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before, err := Decode(data)
		if err != nil || len(before) != 1 {
			return
		}
		b, arn := &before[0], "arn:\"x\""
		if IsFIFO(b.SourceARN) {
			arn += ".fifo"
		}
		relabelled, err := Relabel(data, b.Kind, arn)
		if err != nil {
			return // a Records that does not count, say
		}
		after, err := Decode(relabelled)
		if err != nil || len(after) != 1 || after[0].SourceARN != arn || after[0].Kind != b.Kind || len(after[0].Records) != len(b.Records) {
			t.Fatalf("%s\nbecame %s: %v", data, relabelled, err)
		}
		for i := range b.Records {
			if x, y := &b.Records[i], &after[0].Records[i]; x.Key != y.Key || Number(x.Seq) != Number(y.Seq) || !bytes.Equal(x.Data.Bytes(), y.Data.Bytes()) {
				t.Fatalf("%s\nbecame %s", data, relabelled)
			}
		}
		if json.Valid(data) != json.Valid(relabelled) {
			t.Fatalf("became %s", relabelled)
		}
	})
}
