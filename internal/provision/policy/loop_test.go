package policy

import (
	"testing"

	"fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks"
)

func TestLoops(t *testing.T) {
	const in = "arn:aws:kinesis:eu-west-1:123456789012:stream/in"
	const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
	f := Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}
	for _, tt := range []struct {
		source, typ, destination, role string
		want                           Loop
	}{
		{in, "kinesis", "in", "", OwnSource},
		{in + "/consumer/c:1", "kinesis", in, "", OwnSource},
		{in, "kinesis", "out", "", 0},
		{in, "kinesis", "in", "arn:aws:iam::210987654321:role/r", 0},
		{in, "kinesis", "arn:aws:kinesis:us-east-1:123456789012:stream/in", "", 0},
		{"arn:aws:sns:eu-west-1:123456789012:t", "sns", "arn:aws:sns:eu-west-1:123456789012:t", "", OwnSource},
		{table + "/stream/2026-03-01T09:00:00.000", "dynamodb", "orders", "", OwnSource},
		{table + "/stream/2026-03-01T09:00:00.000", "dynamodb", table, "", OwnSource},
		{table + "/stream/2026-03-01T09:00:00.000", "dynamodb", "arn:aws:dynamodb:us-east-1:123456789012:table/orders", "", 0},
		{"arn:aws:sqs:eu-west-1:123456789012:q.fifo", "sqs", "https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo", "", OwnSource},
		{"arn:aws:sqs:eu-west-1:123456789012:q", "sqs", "arn:aws:sqs:eu-west-1:123456789012:r", "", 0},
		{in, "lambda", "fanout", "", Itself},
		{in, "lambda", "fanout:live", "", Itself},
		{in, "lambda", "other", "", 0},
		{in, "file", "-", "", 0},
	} {
		str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
		v := target.Values{"sourceArn": str(tt.source), "id": str("a"), "type": str(tt.typ), "destination": str(tt.destination)}
		if tt.role != "" {
			v["role"] = str(tt.role)
		}
		l := lambda.Builtin().Read(v, "a")
		if got := f.Loop(&l.Spec); got != tt.want || f.Loops(&l.Spec) != (tt.want != 0) {
			t.Errorf("%+v: got %d", tt, got)
		}
	}
	if (Function{}).Loops(&sinks.Spec{}) {
		t.Error("nothing is known of the function")
	}
}

// Records come back through any number of sources. Only the targets that are given are known.
func TestBack(t *testing.T) {
	table := func(name string) string {
		return "arn:aws:dynamodb:eu-west-1:123456789012:table/" + name + "/stream/2026-03-01T09:00:00.000"
	}
	spec := func(id, source, typ, destination string) *sinks.Spec {
		str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
		l := lambda.Builtin().Read(target.Values{"sourceArn": str(source), "id": str(id), "type": str(typ), "destination": str(destination)}, id)
		return &l.Spec
	}
	there, back := spec("there", table("a"), "dynamodb", "b"), spec("back", table("b"), "dynamodb", "arn:aws:dynamodb:eu-west-1:123456789012:table/a")
	on, home := spec("on", table("b"), "kinesis", "s"), spec("home", "arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c:1", "dynamodb", "a")
	own, far := spec("own", table("a"), "dynamodb", "a"), spec("far", table("b"), "dynamodb", "arn:aws:dynamodb:us-east-1:123456789012:table/a")
	for _, tt := range []struct {
		name string
		all  []*sinks.Spec
		want *sinks.Spec
	}{
		{"alone", []*sinks.Spec{there}, nil},
		{"two tables", []*sinks.Spec{there, back}, back},
		{"three sources", []*sinks.Spec{home, there, on}, home},
		{"the shortest", []*sinks.Spec{on, home, back, there}, back},
		{"a table of another region", []*sinks.Spec{there, far}, nil},
		{"others that turn in a circle", []*sinks.Spec{there, on, spec("c", "arn:aws:kinesis:eu-west-1:123456789012:stream/s", "dynamodb", "b")}, nil},
	} {
		f := Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:fanout"}
		if got := Back(there, tt.all, func(*sinks.Spec) Function { return f }); got != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if got := Back(own, []*sinks.Spec{own, there, back}, func(*sinks.Spec) Function { return Function{ARN: "arn:aws:lambda:eu-west-1:123456789012:function:f"} }); got != nil {
		t.Errorf("a direct loop comes back through %+v", got)
	}
}
