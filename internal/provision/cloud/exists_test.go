package cloud

import (
	"strings"
	"testing"

	"fanout/internal/awserr"
)

func TestExists(t *testing.T) {
	const stream, topic = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "arn:aws:sns:eu-west-1:123456789012:alerts"
	const queue, theirs = "arn:aws:sqs:eu-west-1:123456789012:failures", "arn:aws:sqs:eu-west-1:210987654321:failures"
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:f"
	const configuration = "/2015-03-31/functions/" + function + "/configuration"
	for name, tt := range map[string]struct {
		resource string
		answers  answers
		want     string
	}{
		"stream":              {stream, answers{"DescribeStreamSummary": `{"StreamDescriptionSummary": {}}`}, ""},
		"consumer":            {stream + "/consumer/c:1", answers{"DescribeStreamSummary": "ResourceNotFoundException"}, stream + "/consumer/c:1 does not exist; check the ARN, --region and --profile"},
		"topic":               {topic, answers{"GetTopicAttributes": "NotFound"}, topic + " does not exist"},
		"no right to look":    {topic, answers{"GetTopicAttributes": "AuthorizationError"}, ""},
		"function":            {function, answers{configuration: "ResourceNotFoundException"}, function + " does not exist"},
		"queue":               {queue, answers{"GetQueueUrl": `{"QueueUrl": "https://sqs/1/failures"}`}, ""},
		"no queue":            {queue, answers{"GetQueueUrl": "QueueDoesNotExist", "GetCallerIdentity": identity}, queue + " does not exist"},
		"no answer":           {queue, answers{"GetQueueUrl": "InternalError"}, queue + " cannot be looked up: "},
		"a queue of others":   {theirs, answers{"GetQueueUrl": "QueueDoesNotExist", "GetCallerIdentity": identity}, ""},
		"nobody knows whose":  {queue, answers{"GetQueueUrl": "QueueDoesNotExist", "GetCallerIdentity": "ExpiredToken"}, ""},
		"a bucket is unknown": {"arn:aws:s3:::failures", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			said := ""
			if err := account(t, tt.answers).Exists(t.Context(), tt.resource); err != nil {
				said = awserr.Plain(err)
			}
			if (tt.want == "") != (said == "") || !strings.HasPrefix(said, tt.want) {
				t.Errorf("got %q, want %q", said, tt.want)
			}
		})
	}
}
