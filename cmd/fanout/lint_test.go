package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"fanout/lambda/target"
)

// What aws-lambda-fanout ignored, and would hold up a shard here, is seen.
func TestLintTable(t *testing.T) {
	const orders2025, orders2026 = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2025", "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026"
	item := func(id string, more map[string]types.AttributeValue) target.Loaded {
		attrs := map[string]types.AttributeValue{"active": &types.AttributeValueMemberBOOL{Value: true}}
		for name, value := range map[string]string{"sourceArn": orders, "id": id, "type": "kinesis", "destination": "copy"} {
			attrs[name] = &types.AttributeValueMemberS{Value: value}
		}
		for name, value := range more {
			if attrs[name] = value; value == nil {
				delete(attrs, name)
			}
		}
		l := target.ReadItem(attrs, id)
		l.Confine("")
		return l
	}
	str := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	off := &types.AttributeValueMemberBOOL{Value: false}
	all := []target.Loaded{
		item("good", nil),
		item("unknown type", map[string]types.AttributeValue{"type": str("pigeon")}),
		item("no active", map[string]types.AttributeValue{"active": nil}),
		item("text", map[string]types.AttributeValue{"active": str("true")}),
		item("file", map[string]types.AttributeValue{"type": str("file")}),
		item("nobody", map[string]types.AttributeValue{"onFailure": str("x")}),
		item("a queue", map[string]types.AttributeValue{"onFailure": str("arn:aws:sqs:eu-west-1:123456789012:failures")}),
		item("inactive", map[string]types.AttributeValue{"type": str("pigeon"), "active": off}),
		item("old", map[string]types.AttributeValue{"sourceArn": str(orders2025)}),
		item("new", map[string]types.AttributeValue{"sourceArn": str(orders2026)}),
	}
	var got []string
	for _, f := range lint(all) {
		text, _, _ := strings.Cut(f.Text, ";")
		got = append(got, fmt.Sprintf("%s %s: %s", f.Status, f.Target, text))
	}
	if diff := cmp.Diff([]string{
		`error unknown type: type: "pigeon" is unknown`,
		`error no active: active: is missing`,
		`warning text: active: is a string (S), and aws-lambda-fanout ignored a target with such a flag, so it counts as inactive`,
		`error file: type: is file, and the table may be written to by others than who runs fanout`,
		`error nobody: onFailure: the source has no target "x"`,
		`error a queue: onFailure: takes the id of a target, and the source has none called "arn:aws:sqs:eu-west-1:123456789012:failures"`,
		`warning inactive: type: "pigeon" is unknown`,
		`warning : the sourceArn of "new" is that of another stream of the table, ` + orders2026,
		`warning : the sourceArn of "old" is that of another stream of the table, ` + orders2025,
	}, got); diff != "" {
		t.Error(diff)
	}
}
