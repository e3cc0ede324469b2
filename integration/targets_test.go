//go:build integration

package integration

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// order returns the data of a record that every type of target accepts: a JSON object.
func order(id string, n int) put {
	return put{id, fmt.Sprintf(`{"order":%q,"n":%d,"note":"Köln \"quoted\" \\r\\n <&>"}`, id, n)}
}

// orders returns puts for a Kinesis stream, plain and aggregated, and the expected
// records.
func orders(t *testing.T, first, count int) (puts []put, want expected) {
	t.Helper()
	add := func(p put) put {
		want.put(p.key, p.data)
		return p
	}
	for i := first; i < first+count; i++ {
		key := fmt.Sprint("order ", i)
		puts = append(puts, add(order(key, 1)))
		if i%5 == 0 {
			// The containing record has the key and shard of the first record in it.
			puts = append(puts, put{key, aggregate(t, add(order(key, 2)), add(order(key+"a", 1)), add(order(key, 3)))})
		}
	}
	return puts, want
}

func TestNineTargetsOfKinesis(t *testing.T) {
	n := newNine(t, "nine-of-kinesis")
	stream := arnOf("kinesis", "stream/orders")
	puts, want := orders(t, 0, 50)
	file := targetsFile(t, stream, n.targets(target{"deaggregate": true})...)
	if r := fanout(t, "run", "--targets", file, "--event", kinesisEvent(t, stream, puts...)); len(r.Targets) != 9 {
		t.Errorf("%d targets, want 9", len(r.Targets))
	}
	n.check(t, want, false)
}

// changes returns all kinds of changes of an item, and the expected records.
func changes(first, count int) (list []change, want expected) {
	for i := first; i < first+count; i++ {
		id := fmt.Sprint("item/", i)
		list = append(list, change{"INSERT", id, "1.50"}, change{"MODIFY", id, "12345678901234567890.5"})
		if i%2 == 0 {
			list = append(list, change{"REMOVE", id, ""})
		}
	}
	for _, c := range list {
		want.change(c)
	}
	return list, want
}

func TestNineTargetsOfDynamoDB(t *testing.T) {
	n := newNine(t, "nine-of-dynamodb")
	stream := arnOf("dynamodb", "table/Customers/stream/2026-03-01T09:00:00.000")
	list, want := changes(0, 20)
	file := targetsFile(t, stream, n.targets(target{"convertDDB": true})...)
	fanout(t, "run", "--targets", file, "--event", dynamoDBEvent(t, stream, list...))
	n.check(t, want, true)
}

// walk polls a stream to its end, again without new records, and again with more records.
func (n nine) walk(t *testing.T, source string, more target, fill func(round int) (records int)) {
	t.Helper()
	args := []string{
		"run", "--targets", targetsFile(t, source, n.targets(more)...), "--source-arn", source,
		"--once", "--checkpoint", filepath.Join(t.TempDir(), "checkpoint.json"), "--batch-size", "40",
	}
	for round := range 2 {
		want := fill(round)
		if r := fanout(t, args...); r.Records != want {
			t.Errorf("round %d: %d records, want %d", round, r.Records, want)
		}
		if r := fanout(t, args...); r.Records != 0 {
			t.Errorf("round %d: %d records again", round, r.Records)
		}
	}
}

func TestWalkKinesis(t *testing.T) {
	n := newNine(t, "walk-kinesis")
	source := n.createStream(t, "walk-kinesis-source", 3)
	var want expected
	n.walk(t, source, target{"deaggregate": true}, func(round int) int {
		puts, more := orders(t, 100*round, 60)
		for key, data := range more.byKey {
			for _, d := range data {
				want.put(key, d)
			}
		}
		in := &kinesis.PutRecordsInput{StreamARN: &source}
		for _, p := range puts {
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: &p.key, Data: []byte(p.data)})
		}
		must(n.kinesis.PutRecords(t.Context(), in))(t)
		return len(puts)
	})
	n.check(t, want, false)
}

func TestWalkDynamoDB(t *testing.T) {
	n := newNine(t, "walk-dynamodb")
	source := n.createTable(t, "walk", "tenant", "id")
	var want expected
	text := func(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberS{Value: v} }
	n.walk(t, source, target{"convertDDB": true}, func(round int) int {
		list, _ := changes(100*round, 20)
		for _, c := range list {
			want.change(c)
			item := map[string]dynamodbtypes.AttributeValue{"tenant": text("eu"), "id": text(c.id)}
			if c.name == "REMOVE" {
				must(n.dynamodb.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("walk"), Key: item}))(t)
				continue
			}
			item["v"] = &dynamodbtypes.AttributeValueMemberN{Value: c.value}
			must(n.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("walk"), Item: item}))(t)
		}
		return len(list)
	})
	n.check(t, want, true)
}
