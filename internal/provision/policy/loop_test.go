package policy

import (
	"testing"

	"fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks"
)

func TestLoops(t *testing.T) {
	const in = "arn:aws:kinesis:eu-west-1:123456789012:stream/in"
	f := Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}
	for _, tt := range []struct {
		source, typ, destination, role string
		want                           bool
	}{
		{in, "kinesis", "in", "", true},
		{in + "/consumer/c:1", "kinesis", in, "", true},
		{in, "kinesis", "out", "", false},
		{in, "kinesis", "in", "arn:aws:iam::210987654321:role/r", false},
		{in, "kinesis", "arn:aws:kinesis:us-east-1:123456789012:stream/in", "", false},
		{"arn:aws:sns:eu-west-1:123456789012:t", "sns", "arn:aws:sns:eu-west-1:123456789012:t", "", true},
		{in, "lambda", "fanout", "", true},
		{in, "lambda", "fanout:live", "", true},
		{in, "lambda", "other", "", false},
		{in, "file", "-", "", false},
	} {
		str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
		v := target.Values{"sourceArn": str(tt.source), "id": str("a"), "type": str(tt.typ), "destination": str(tt.destination)}
		if tt.role != "" {
			v["role"] = str(tt.role)
		}
		l := lambda.Builtin().Read(v, "a")
		if got := f.Loops(&l.Spec); got != tt.want {
			t.Errorf("%+v: got %t", tt, got)
		}
	}
	if (Function{}).Loops(&sinks.Spec{}) {
		t.Error("nothing is known of the function")
	}
}
