//go:build integration

package integration

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
)

// polled runs `fanout run --source-arn --once` three times: after fill(0), with no new
// records, and after fill(1). After each run the queue must have exactly the records that
// fill returned, in any order.
func polled(t *testing.T, s services, source, queue string, attributes target, fill func(round int) []string) {
	t.Helper()
	attributes["type"], attributes["destination"], attributes["collapse"] = "sqs", s.createQueue(t, queue), "none"
	args := []string{
		"run", "--targets", targetsFile(t, source, attributes), "--source-arn", source,
		"--once", "--checkpoint", filepath.Join(t.TempDir(), "checkpoint.json"), "--batch-size", "30",
	}
	round := func(name string, want []string) {
		t.Helper()
		if r := fanout(t, args...); r.Records != len(want) {
			t.Errorf("%s: %d records, want %d", name, r.Records, len(want))
		}
		if diff := cmp.Diff(sorted(want), sorted(s.messages(t, queue))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	round("first run", fill(0))
	round("nothing new", nil)
	round("more", fill(1))
}

func TestPollKinesis(t *testing.T) {
	s := connect(t)
	source := s.createStream(t, "polled", 2)
	polled(t, s, source, "polled", target{}, func(round int) (want []string) {
		in := &kinesis.PutRecordsInput{StreamARN: &source}
		for i := range 100 {
			data := fmt.Sprintf("%d/%d", round, i)
			want = append(want, data)
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{
				PartitionKey: aws.String(fmt.Sprint(i)), Data: []byte(data),
			})
		}
		shards := make(map[string]bool)
		for _, r := range must(s.kinesis.PutRecords(t.Context(), in))(t).Records {
			shards[*r.ShardId] = true
		}
		if len(shards) != 2 {
			t.Errorf("the records are in %d shards, want 2", len(shards))
		}
		return want
	})
}

func TestPollDynamoDB(t *testing.T) {
	s := connect(t)
	source := s.createTable(t, "polled", "tenant", "id")
	text := func(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberS{Value: v} }
	polled(t, s, source, "changed", target{"convertDDB": true}, func(round int) (want []string) {
		for i := range 20 {
			key := map[string]dynamodbtypes.AttributeValue{"tenant": text("eu"), "id": text(fmt.Sprintf("%d/%d", round, i))}
			item := map[string]dynamodbtypes.AttributeValue{
				"tenant": key["tenant"], "id": key["id"], "n": &dynamodbtypes.AttributeValueMemberN{Value: "1.50"},
			}
			must(s.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("polled"), Item: item}))(t)
			must(s.dynamodb.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("polled"), Key: key}))(t)
			want = slices.Concat(want, []string{
				fmt.Sprintf(`{"id":"%d/%d","n":1.50,"tenant":"eu"}`, round, i),
				fmt.Sprintf(`{"id":"%d/%d","tenant":"eu"}`, round, i),
			})
		}
		return want
	})
}
