package awsfake_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func TestConditions(t *testing.T) {
	fake, cfg := start(t)
	fake.SetTable("copy", "id", "")
	client := dynamodb.NewFromConfig(cfg)
	const condition = "attribute_not_exists(#s) OR #s <= :s OR NOT begins_with(#s, :p)"
	put := func(condition, seq, prefix string) string {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: aws.String("copy"), Item: attributes("id", "a", "seq", seq), ConditionExpression: &condition,
			ExpressionAttributeNames: map[string]string{"#s": "seq"}, ExpressionAttributeValues: attributes(":s", seq, ":p", prefix),
		})
		if err == nil {
			return ""
		}
		return code(t, err)
	}
	for _, tt := range []struct{ condition, seq, prefix, want string }{
		{condition, "x/5", "x/", ""}, // the item is absent
		{condition, "x/5", "x/", ""},
		{condition, "x/6", "x/", ""},
		{condition, "x/5", "x/", "ConditionalCheckFailedException"},
		{condition, "a/1", "a/", ""}, // of another scope
		{"size(#s) > :s", "x/9", "x/", "ValidationException"},
		{"#s <= :missing", "x/9", "x/", "ValidationException"},
	} {
		if got := put(tt.condition, tt.seq, tt.prefix); got != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.condition, tt.seq, got, tt.want)
		}
	}
	if items := fake.Items("copy"); len(items) != 1 || items[0]["seq"]["S"] != "a/1" {
		t.Errorf("the table has %v", items)
	}
}
