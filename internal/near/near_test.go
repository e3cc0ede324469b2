package near

import "testing"

func TestClosest(t *testing.T) {
	names := []string{"kinesis", "dynamodb", "sns", "sqs", "es", "JSON", "concat", "concat-b64"}
	for _, tt := range []struct{ typed, want string }{
		{"kinesys", "kinesis"}, {"kineiss", "kinesis"}, {"inesis", "kinesis"}, {"kinnesis", "kinesis"},
		{"json", "JSON"}, {"jsno", "JSON"}, {"JSN", "JSON"},
		{"sms", "sns"}, {"sqss", "sqs"}, {"dyn", "dynamodb"}, {"DynamoDB", "dynamodb"},
		{"concta", "concat"}, {"concat-64", "concat-b64"},
		{"kinesis", ""}, {"", ""}, {"x", ""}, {"firehose", ""}, {"abc", ""}, {"jsonl", "JSON"}, {"jsons3", "JSON"}, {"yson2", ""},
	} {
		if got := Closest(tt.typed, names); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.typed, got, tt.want)
		}
	}
}

func TestSlips(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1},
		{"abc", "ab", 1}, {"ab", "abc", 1}, {"ca", "abc", 3}, {"größe", "grösse", 2}, {"kitten", "sitting", 3},
	} {
		if got := slips(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
