package near

import "testing"

func TestClosest(t *testing.T) {
	names := []string{"kinesis", "dynamodb", "sns", "sqs", "es", "JSON", "concat", "concat-b64", "größe"}
	for _, tt := range []struct{ typed, want string }{
		{"kinesys", "kinesis"}, {"kineiss", "kinesis"}, {"inesis", "kinesis"}, {"kinnesis", "kinesis"},
		{"json", "JSON"}, {"jsno", "JSON"}, {"JSN", "JSON"},
		{"sms", "sns"}, {"sqss", "sqs"}, {"dyn", "dynamodb"}, {"DynamoDB", "dynamodb"},
		{"concta", "concat"}, {"concat-64", "concat-b64"},
		{"kinesis", ""}, {"", ""}, {"x", ""}, {"firehose", ""}, {"abc", ""}, {"jsonl", "JSON"}, {"jsons3", "JSON"}, {"yson2", ""},
		{"gr€ße", "größe"}, {"größe", ""},
	} {
		if got := Closest(tt.typed, names); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.typed, got, tt.want)
		}
	}
}
