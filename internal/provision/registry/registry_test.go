package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
	"fanout/lambda/target"
)

const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

// fakeTable is a table in memory, by source and id.
type fakeTable struct {
	items        map[[2]string]map[string]types.AttributeValue
	transactions int
	refuse       error
}

func (f *fakeTable) key(k map[string]types.AttributeValue) [2]string {
	return [2]string{k["sourceArn"].(*types.AttributeValueMemberS).Value, k["id"].(*types.AttributeValueMemberS).Value}
}

func (f *fakeTable) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{}}
	for k, item := range f.items {
		if k[0] == in.ExpressionAttributeValues[":source"].(*types.AttributeValueMemberS).Value {
			out.Items = append(out.Items, item)
			out.Count++
		}
	}
	return out, f.refuse
}

// Scan returns an item a page.
func (f *fakeTable) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out, seen := &dynamodb.ScanOutput{Items: []map[string]types.AttributeValue{}}, in.ExclusiveStartKey == nil
	for _, id := range []string{"b", "a"} {
		item, ok := f.items[[2]string{stream, id}]
		switch {
		case !ok:
		case seen && out.Count == 0:
			out.Items, out.Count = append(out.Items, item), 1
			out.LastEvaluatedKey = key(stream, id)
		case !seen:
			seen = f.key(in.ExclusiveStartKey)[1] == id
		}
	}
	return out, f.refuse
}

// TransactWriteItems understands the requests that write sends.
func (f *fakeTable) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	if len(in.TransactItems) > 100 {
		return nil, errors.New("too many")
	}
	reasons, cancelled := make([]types.CancellationReason, len(in.TransactItems)), false
	for i, item := range in.TransactItems {
		var condition *string
		var k [2]string
		switch {
		case item.Put != nil:
			k, condition = f.key(item.Put.Item), item.Put.ConditionExpression
		case item.Update != nil:
			k, condition = f.key(item.Update.Key), item.Update.ConditionExpression
		default:
			k, condition = f.key(item.Delete.Key), item.Delete.ConditionExpression
		}
		_, exists := f.items[k]
		reasons[i].Code = aws.String("None")
		if condition != nil && exists != (*condition == "attribute_exists(id)") {
			reasons[i].Code, cancelled = aws.String("ConditionalCheckFailed"), true
		}
	}
	if cancelled {
		return nil, &types.TransactionCanceledException{CancellationReasons: reasons}
	}
	f.transactions++
	for _, item := range in.TransactItems {
		switch {
		case item.Put != nil:
			f.items[f.key(item.Put.Item)] = item.Put.Item
		case item.Delete != nil:
			delete(f.items, f.key(item.Delete.Key))
		default:
			f.update(item.Update)
		}
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

func (f *fakeTable) update(u *types.Update) {
	item := f.items[f.key(u.Key)]
	set, remove, _ := strings.Cut(*u.UpdateExpression, "REMOVE ")
	for _, part := range strings.Split(strings.TrimSpace(strings.TrimPrefix(set, "SET ")), ", ") {
		if name, value, ok := strings.Cut(part, " = "); ok {
			item[u.ExpressionAttributeNames[name]] = u.ExpressionAttributeValues[value]
		}
	}
	for _, name := range strings.Split(remove, ", ") {
		delete(item, u.ExpressionAttributeNames[name])
	}
}

func values(id string, more ...string) target.Values {
	v := target.Values{
		"sourceArn": {Kind: target.String, Text: stream}, "id": {Kind: target.String, Text: id}, "type": {Kind: target.String, Text: "kinesis"},
		"destination": {Kind: target.String, Text: "copy"}, "active": {Kind: target.Bool, Text: "true"},
	}
	for _, m := range more {
		name, value, _ := strings.Cut(m, "=")
		kind := target.String
		switch {
		case value == "true" || value == "false":
			kind = target.Bool
		case strings.Trim(value, "0123456789") == "" && value != "":
			kind = target.Number
		}
		v[name] = target.Value{Kind: kind, Text: value}
	}
	return v
}

func entry(v target.Values) Entry { return Entry{lambda.Builtin().Read(v, "")} }

// shown is the table as JSON lines.
func shown(t *testing.T, table *Table, source string) string {
	t.Helper()
	list, err := table.List(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range list {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimPrefix(string(b), `{"sourceArn":"`+stream+`",`))
	}
	return strings.Join(lines, "\n")
}

func TestChanges(t *testing.T) {
	fake := &fakeTable{items: map[[2]string]map[string]types.AttributeValue{}}
	table := &Table{Catalog: lambda.Builtin(), Client: fake, Name: "targets"}
	apply := func(want string, changes ...Change) {
		t.Helper()
		got := ""
		if err := table.Apply(t.Context(), changes...); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	apply("", Change{Source: stream, ID: "b", Set: values("b", "batchRecords=7", "parallel=false")}, Change{Source: stream, ID: "a", Set: values("a")})
	want := `"id":"a","type":"kinesis","destination":"copy","active":true}
"id":"b","type":"kinesis","destination":"copy","active":true,"parallel":false,"batchRecords":7}`
	if diff := cmp.Diff(want, shown(t, table, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// A refused change takes the others with it.
	apply(stream+` already has a target "a"; use fanout update, or add --force to replace it
`+stream+` has no target "c" in the table "targets"; run fanout list to see its targets`,
		Change{Source: stream, ID: "a", Set: values("a")}, Change{Source: stream, ID: "b", Kind: Remove}, Change{Source: stream, ID: "c", Kind: Remove})
	apply(stream+` has no target "c" in the table "targets"; run fanout list to see its targets`,
		Change{Source: stream, ID: "c", Kind: Update, Set: target.Values{"active": {Kind: target.Bool, Text: "false"}}})
	if diff := cmp.Diff(want, shown(t, table, "")); diff != "" {
		t.Errorf("something was written (-want +got):\n%s", diff)
	}

	apply("", Change{Source: stream, ID: "b", Kind: Update, Set: target.Values{"active": {Kind: target.Bool, Text: "false"}}, Unset: []string{"parallel"}},
		Change{Source: stream, ID: "a", Kind: Remove})
	apply("", Change{Source: stream, ID: "b", Kind: Update, Unset: []string{"batchRecords"}})
	if diff := cmp.Diff(`"id":"b","type":"kinesis","destination":"copy","active":false}`, shown(t, table, stream)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	apply("", Change{Source: stream, ID: "b", Kind: Replace, Set: values("b", "ttl=5")})
	all, err := table.List(t.Context(), stream)
	if err != nil || len(all) != 1 || all[0].Text("ttl") != "5" || !all[0].Active() {
		t.Errorf("got %v, %v", all, err)
	}
	if err := table.NoTarget(stream, "c"); err.Error() != stream+` has no target "c" in the table "targets"; run fanout list to see its targets` {
		t.Errorf("got %v", err)
	}

	fake.transactions = 0
	var many []Change
	for i := range 250 {
		id := fmt.Sprint(i)
		many = append(many, Change{Source: stream, ID: id, Set: values(id)})
	}
	apply("", many...)
	if fake.transactions != 3 || len(fake.items) != 251 {
		t.Errorf("%d transactions made %d items", fake.transactions, len(fake.items))
	}
}

func TestErrors(t *testing.T) {
	fake := &fakeTable{}
	table := &Table{Catalog: lambda.Builtin(), Client: fake, Name: "targets"}
	all := map[string]func() error{
		"List of a source": func() error { _, err := table.List(t.Context(), stream); return err },
		"List":             func() error { _, err := table.List(t.Context(), ""); return err },
		"Apply":            func() error { return table.Apply(t.Context(), Change{Source: stream, ID: "a"}) },
	}
	for name, do := range all {
		fake.refuse = &types.ResourceNotFoundException{}
		if err := do(); err == nil || err.Error() != `the target table "targets" does not exist; run fanout deploy, or name another table with --table` {
			t.Errorf("%s: %v", name, err)
		}
		fake.refuse = &smithy.GenericAPIError{Code: "AccessDeniedException"}
		if err := do(); err == nil || !strings.HasPrefix(err.Error(), `the target table "targets" `) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fake.refuse = &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("ThrottlingError"), Message: aws.String("too fast")}}}
	if err := all["Apply"](); err.Error() != `the target "a" of `+stream+` cannot be written: too fast (ThrottlingError)` {
		t.Error(err)
	}
	fake.refuse = &types.TransactionCanceledException{}
	if err := all["Apply"](); !strings.HasPrefix(err.Error(), `the target table "targets" cannot be written: `) {
		t.Error(err)
	}
}

func TestDiff(t *testing.T) {
	same := entry(values("same", "ttl=5"))
	have := []Entry{same, entry(values("changed", "ttl=5", "parallel=false")), entry(values("old"))}
	want := []Entry{entry(values("changed", "ttl=6", "collapse=")), entry(values("new", "region=")), same}
	changes := Diff(want, have, false)
	expect := []Change{
		{Source: stream, ID: "changed", Kind: Update, Set: target.Values{"ttl": {Kind: target.Number, Text: "6"}}, Unset: []string{"parallel"}},
		{Source: stream, ID: "new", Kind: Create, Set: values("new")},
	}
	plain := cmp.Transformer("plain", func(v target.Values) map[string]target.Value { return v })
	if diff := cmp.Diff(expect, changes, plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	expect = append(expect, Change{Source: stream, ID: "old", Kind: Remove})
	if diff := cmp.Diff(expect, Diff(want, have, true), plain); diff != "" {
		t.Errorf("with prune (-want +got):\n%s", diff)
	}
}

func TestRedacted(t *testing.T) {
	e := entry(values("a", "type=redis", "destination=rediss://user:secret@cache:6379/1"))
	if got := e.Destination(); got != "rediss://user:xxxxx@cache:6379/1" {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"copy":                         "copy",
		"a@b":                          "a@b",
		"redis://user@h":               "redis://user@h",
		"u:hunter2@h:6379":             "u:xxxxx@h:6379",
		"redis://u:hunter2%zz@h:1":     "redis://u:xxxxx@h:1",
		"redis://:hunter2@h":           "redis://:xxxxx@h",
		"redis://u:hun@ter2/#?@h/1":    "redis://u:xxxxx@h/1",
		"arn:aws:sqs:eu-west-1:1:copy": "arn:aws:sqs:eu-west-1:1:copy",
	} {
		if got := Redacted(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

// Only output that is meant to be applied again has the password.
func TestEntryJSONPassword(t *testing.T) {
	e := entry(values("a", "type=redis", "destination=redis://u:hunter2@h"))
	shown, err := json.Marshal(e)
	if err != nil || strings.Contains(string(shown), "hunter2") || !strings.Contains(string(shown), "redis://u:xxxxx@h") {
		t.Errorf("%s, %v", shown, err)
	}
	raw, err := json.Marshal(Raw{e})
	if err != nil || !strings.Contains(string(raw), "redis://u:hunter2@h") {
		t.Errorf("%s, %v", raw, err)
	}
}

// A value of the wrong kind is written as it is, so that users can correct it.
func TestEntryJSON(t *testing.T) {
	v := values("a", "ttl=5")
	v["region"], v["batchBytes"] = target.Value{Kind: target.Null}, target.Value{Kind: target.Number, Text: "NaN"}
	got, err := json.Marshal(entry(v))
	if want := `{"sourceArn":"` + stream + `","id":"a","type":"kinesis","destination":"copy","active":true,"batchBytes":"NaN","ttl":5}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

// A filter is an object in a file, also if the table has it as text.
func TestEntryJSONFilter(t *testing.T) {
	v := target.Values{"id": {Kind: target.String, Text: "a"}, "filter": {Kind: target.String, Text: `{"partitionKey": ["k"], "data": {"a": ["<"]}}`}}
	got, err := Entry{lambda.Builtin().Read(v, "a")}.MarshalJSON()
	if want := `{"id":"a","filter":{"data":{"a":["<"]},"partitionKey":["k"]}}`; err != nil || string(got) != want {
		t.Errorf("%s, want %s: %v", got, want, err)
	}
}
