package lint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
	"fanout/lambda/target"
)

// Faults that aws-lambda-fanout ignored, and that would hold up a shard here, are
// found.
func TestTargets(t *testing.T) {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:q"
	const orders = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	const orders2025, orders2026 = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2025", "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026"
	const shop, shopCopy = "arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/2026", "arn:aws:dynamodb:eu-west-1:123456789012:table/shopCopy/stream/2026"
	str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
	off := target.Value{Kind: target.Bool, Text: "false"}
	item := func(id string, more target.Values) target.Loaded {
		attrs := target.Values{
			"sourceArn": str(orders), "id": str(id), "type": str("kinesis"), "destination": str("copy"),
			"active": {Kind: target.Bool, Text: "true"},
		}
		maps.Copy(attrs, more)
		l := lambda.Builtin().Read(attrs, id)
		l.Confine("")
		return l
	}
	all := []target.Loaded{
		item("good", nil),
		item("unknown type", target.Values{"type": str("pigeon")}),
		item("no active", target.Values{"active": {Kind: target.Null}}),
		item("text", target.Values{"active": str("true")}),
		item("file", target.Values{"type": str("file")}),
		item("nobody", target.Values{"onFailure": str("x")}),
		item("a queue", target.Values{"onFailure": str("arn:aws:sqs:eu-west-1:123456789012:failures")}),
		item("to a fault", target.Values{"onFailure": str("unknown type")}),
		item("loop", target.Values{"destination": str(orders)}),
		item("loop by name", target.Values{"destination": str("orders")}),
		item("other account", target.Values{"destination": str(strings.Replace(orders, "1234", "9234", 1))}),
		item("other region", target.Values{"destination": str("orders"), "region": str("eu-west-2")}),
		item("order", target.Values{"type": str("sqs"), "destination": str(queue), "parallel": off}),
		item("order kept", target.Values{"type": str("sqs"), "destination": str(queue + ".fifo"), "parallel": off}),
		item("inactive", target.Values{"type": str("pigeon"), "active": off}),
		item("there", target.Values{"sourceArn": str(shop), "type": str("dynamodb"), "destination": str("shopCopy")}),
		item("back", target.Values{"sourceArn": str(shopCopy), "type": str("dynamodb"), "destination": str("shop")}),
		item("back and off", target.Values{"sourceArn": str(shopCopy), "type": str("dynamodb"), "destination": str("shop"), "active": off}),
		item("old", target.Values{"sourceArn": str(orders2025)}),
		item("old and off", target.Values{"sourceArn": str(orders2025), "active": off}),
		item("new", target.Values{"sourceArn": str(orders2026)}),
	}
	common := []string{
		`fault unknown type: type: "pigeon" is unknown`,
		`fault no active: active: is missing`,
		`warning text: active: is a string (S), but aws-lambda-fanout ignored targets with such a flag, so this one counts as inactive`,
		`fault file: type: is file, which a table does not allow by default`,
		`fault nobody: onFailure: the source has no target "x"`,
		`fault a queue: onFailure: must be the id of a target, but the source has no target "arn:aws:sqs:eu-west-1:123456789012:failures"`,
		`warning to a fault: onFailure: the target "unknown type" has faults, so it takes no records`,
		`fault loop: destination: is the target's own source, so its records come again and again`,
		`warning loop by name: destination: is the target's own source, so its records come again and again`,
		`warning order: parallel: is false, but a standard queue or topic keeps no order`,
		`warning inactive: type: "pigeon" is unknown`,
		`warning there: destination: leads back to the target's own source through the target "back" of ` + shopCopy + `, so its records may come again and again`,
		`warning back: destination: leads back to the target's own source through the target "there" of ` + shop + `, so its records may come again and again`,
	}
	for name, tt := range map[string]struct {
		streams Streams
		want    []string
	}{
		"streams that cannot be looked up": {nil, []string{
			`warning : the sourceArn of "new" names another stream of the table, ` + orders2026,
			`warning : the sourceArn of "old and off", "old" names another stream of the table, ` + orders2025,
		}},
		"a stream that was switched off and on": {Streams{orders2025: orders2026, orders2026: orders2026}, []string{
			`fault old: sourceArn: is a former stream of the table, which sends no records`,
			`warning old and off: sourceArn: is a former stream of the table, which sends no records`,
		}},
		"a stream that is switched off": {Streams{orders2025: "", orders2026: ""}, []string{
			`fault old: sourceArn: is a disabled stream, which sends no records`,
			`warning old and off: sourceArn: is a disabled stream, which sends no records`,
			`fault new: sourceArn: is a disabled stream, which sends no records`,
		}},
	} {
		var got []string
		for _, f := range Targets(all, "", tt.streams) {
			grave := "warning"
			if f.Fault {
				grave = "fault"
			}
			text, _, _ := strings.Cut(f.Text, ";")
			got = append(got, fmt.Sprintf("%s %s: %s", grave, f.Target, text))
		}
		if diff := cmp.Diff(slices.Concat(common, tt.want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Without a function, none is known to invoke itself, whatever it is called.
func TestTargetsItself(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:"
	str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
	for _, tt := range []struct {
		destination, function string
		want                  []string
	}{
		{function + "fanout", "", nil},
		{"fanout", "", nil},
		{"unknown", "", nil},
		{"other", "fanout", nil},
		{function + "orders", "orders", []string{"true invokes the function itself, so its records come again and again; name another one"}},
		{"orders", "orders", []string{"false invokes the function itself, so its records come again and again; name another one, or its ARN if it is in another account"}},
		{function + "orders", function + "orders", []string{"true invokes the function itself, so its records come again and again; name another one"}},
		{function + "orders", "arn:aws:lambda:eu-west-1:999999999999:function:orders", nil},
	} {
		l := lambda.Builtin().Read(target.Values{
			"sourceArn": str("arn:aws:kinesis:eu-west-1:123456789012:stream/orders"), "id": str("a"), "type": str("lambda"),
			"destination": str(tt.destination), "active": {Kind: target.Bool, Text: "true"},
		}, "a")
		var got []string
		for _, f := range Targets([]target.Loaded{l}, tt.function, nil) {
			got = append(got, fmt.Sprint(f.Fault, " ", strings.TrimPrefix(f.Bare, "destination: ")))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s for %q: %s", tt.destination, tt.function, diff)
		}
	}
}

// tables answers with the streams of tables, and counts the calls.
type tables struct {
	streams map[string]*dynamodb.DescribeTableOutput
	calls   int
}

func (t *tables) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	t.calls++
	if out := t.streams[*in.TableName]; out != nil {
		return out, nil
	}
	return nil, errors.New("no")
}

// A table is looked up once. A stream that is switched off counts as none.
func TestStreamsOf(t *testing.T) {
	const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/"
	latest := func(arn string, on bool) *dynamodb.DescribeTableOutput {
		return &dynamodb.DescribeTableOutput{Table: &types.TableDescription{LatestStreamArn: &arn, StreamSpecification: &types.StreamSpecification{StreamEnabled: &on}}}
	}
	api := &tables{streams: map[string]*dynamodb.DescribeTableOutput{
		table + "a": latest(table+"a/stream/2", true), table + "b": latest(table+"b/stream/1", false),
	}}
	got := StreamsOf(t.Context(), api, []string{
		table + "a/stream/1", table + "a/stream/2", table + "b/stream/1", table + "denied/stream/1", table + "denied/stream/2", "arn:aws:kinesis:eu-west-1:123456789012:stream/s", "",
	})
	want := Streams{table + "a/stream/1": table + "a/stream/2", table + "a/stream/2": table + "a/stream/2", table + "b/stream/1": ""}
	if diff := cmp.Diff(want, got); diff != "" || api.calls != 3 {
		t.Errorf("%d calls, %s", api.calls, diff)
	}
}
