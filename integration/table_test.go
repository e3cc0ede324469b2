//go:build integration

package integration

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// TestTable has targets in the form of the predecessor's table.
func TestTable(t *testing.T) {
	s := connect(t)
	event, records := example(t, "kinesis.json")
	all, _ := userRecords(t, records)
	s.createTable(t, "fanoutTargets", "sourceArn", "id")
	for _, item := range []struct {
		id, source, queue string
		active            bool
	}{
		{"orders", arnOf("kinesis", "stream/orders"), "listed", true},
		{"asleep", arnOf("kinesis", "stream/orders"), "asleep", false},
		{"other", arnOf("kinesis", "stream/other"), "other", true},
	} {
		text := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
		must(s.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: aws.String("fanoutTargets"),
			Item: map[string]types.AttributeValue{
				"sourceArn": text(item.source), "id": text(item.id), "type": text("sqs"), "collapse": text("none"),
				"destination": text(s.createQueue(t, item.queue)),
				"deaggregate": &types.AttributeValueMemberBOOL{Value: true},
				"active":      &types.AttributeValueMemberBOOL{Value: item.active},
			},
		}))(t)
	}
	for _, name := range []string{"fanoutTargets", arnOf("dynamodb", "table/fanoutTargets")} {
		r := fanout(t, "run", "--table", name, "--event", event)
		if len(r.Targets) != 1 || r.Targets[0].Target != "orders" {
			t.Errorf("--table %s: targets %+v", name, r.Targets)
		}
		if diff := cmp.Diff(sorted(all), sorted(s.messages(t, "listed"))); diff != "" {
			t.Errorf("--table %s: %s", name, diff)
		}
	}
	if others := slices.Concat(s.messages(t, "asleep"), s.messages(t, "other")); others != nil {
		t.Errorf("queues of inactive and other targets have %q", others)
	}
}
