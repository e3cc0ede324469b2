package awsfake_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/awsfake"
)

// attributes returns attributes of type S from pairs of name and value.
func attributes(pairs ...string) map[string]ddbtypes.AttributeValue {
	item := map[string]ddbtypes.AttributeValue{}
	for i := 0; i < len(pairs); i += 2 {
		item[pairs[i]] = &ddbtypes.AttributeValueMemberS{Value: pairs[i+1]}
	}
	return item
}

func TestItems(t *testing.T) {
	fake, cfg := start(t)
	fake.SetTable("ledger", "shard", "batch")
	client := dynamodb.NewFromConfig(cfg)
	name := aws.String("ledger")
	put := func(item map[string]ddbtypes.AttributeValue) error {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: name, Item: item})
		return err
	}
	remove := func(key map[string]ddbtypes.AttributeValue) error {
		_, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: name, Key: key})
		return err
	}
	for _, item := range [][]string{
		{"shard", "a", "batch", "3"}, {"shard", "a", "batch", "1"}, {"shard", "b", "batch", "2"}, {"shard", "a", "batch", "2", "n", "old"},
		{"shard", "a", "batch", "2", "n", "new"}, {"shard", "a", "batch", "9"},
	} {
		if err := put(attributes(item...)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // removing a missing item is no error
		if err := remove(attributes("shard", "a", "batch", "9")); err != nil {
			t.Fatal(err)
		}
	}
	out, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: name, KeyConditionExpression: aws.String("#s = :s AND batch >= :b"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeNames:  map[string]string{"#s": "shard"},
		ExpressionAttributeValues: attributes(":s", "a", ":b", "2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range out.Items {
		got = append(got, item["batch"].(*ddbtypes.AttributeValueMemberS).Value)
	}
	if diff := cmp.Diff([]string{"2", "3"}, got); diff != "" {
		t.Error(diff)
	}
	items := fake.Items("ledger")
	if len(items) != 4 || items[2]["n"]["S"] != "new" {
		t.Errorf("the table has %v", items)
	}
	if items := fake.Items("elsewhere"); items != nil {
		t.Errorf("a table that is not there has %v", items)
	}

	large := attributes("shard", "a", "batch", "4")
	large["bytes"] = &ddbtypes.AttributeValueMemberB{Value: make([]byte, 400<<10-30)}
	if err := put(large); err != nil {
		t.Errorf("an item of nearly 400 KB: %v", err)
	}
	large["map"] = &ddbtypes.AttributeValueMemberM{Value: map[string]ddbtypes.AttributeValue{"more": &ddbtypes.AttributeValueMemberBOOL{Value: true}, "name": large["shard"]}}
	for what, err := range map[string]error{
		"an item over 400 KB":      put(large),
		"no range key":             put(attributes("shard", "a")),
		"no hash key":              put(attributes("batch", "4")),
		"a key with no range":      remove(attributes("shard", "a")),
		"a key of more attributes": remove(attributes("shard", "a", "batch", "4", "n", "new")),
	} {
		if got := code(t, err); got != "ValidationException" {
			t.Errorf("%s: %q", what, got)
		}
	}
	name = aws.String("elsewhere")
	for what, err := range map[string]error{"PutItem": put(attributes("shard", "a", "batch", "1")), "DeleteItem": remove(attributes("shard", "a", "batch", "1"))} {
		if got := code(t, err); got != "ResourceNotFoundException" {
			t.Errorf("%s on no table: %q", what, got)
		}
	}
}

func TestDynamoDB(t *testing.T) {
	fake, cfg := start(t)
	fake.PageSize = 2
	s := func(v string) map[string]any { return map[string]any{"S": v} }
	items := []awsfake.Item{{"arn": s("other"), "id": s("x")}}
	for i := range 5 {
		items = append(items, awsfake.Item{"arn": s("mine"), "id": s(fmt.Sprint(i)), "on": {"BOOL": true}, "n": {"N": "1"}})
	}
	fake.SetTable("targets", "arn", "id", items...)
	in := &dynamodb.QueryInput{
		TableName:                 aws.String("arn:aws:dynamodb:eu-west-1:123456789012:table/targets"),
		KeyConditionExpression:    aws.String("#a = :a"),
		ExpressionAttributeNames:  map[string]string{"#a": "arn"},
		ExpressionAttributeValues: map[string]ddbtypes.AttributeValue{":a": &ddbtypes.AttributeValueMemberS{Value: "mine"}},
	}
	client := dynamodb.NewFromConfig(cfg)
	var got []string
	for pages := dynamodb.NewQueryPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if !item["on"].(*ddbtypes.AttributeValueMemberBOOL).Value {
				t.Errorf("item %v", item)
			}
			got = append(got, item["id"].(*ddbtypes.AttributeValueMemberS).Value)
		}
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, got); diff != "" {
		t.Errorf("items differ (-want +got):\n%s", diff)
	}
	if n := len(fake.Calls()); n != 3 {
		t.Errorf("%d calls; want 3", n)
	}

	tests := []struct {
		name   string
		change func(*dynamodb.QueryInput)
		want   string
	}{
		{"unknown table", func(in *dynamodb.QueryInput) { in.TableName = aws.String("nothing") }, "ResourceNotFoundException"},
		{"another key", func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("id = :a") }, "ValidationException"},
		{"no value", func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("#a = :b") }, "ValidationException"},
		{"two keys", func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("#a = :a AND id = :a") }, "ValidationException"},
		{"a filter", func(in *dynamodb.QueryInput) { in.FilterExpression = aws.String("on = :a") }, "ValidationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := *in
			tt.change(&bad)
			_, err := client.Query(t.Context(), &bad)
			if got := code(t, err); got != tt.want {
				t.Errorf("error %q; want %q", got, tt.want)
			}
		})
	}
}
