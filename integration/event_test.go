//go:build integration

package integration

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/awslabs/kinesis-aggregation/go/v2/records"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// put is a record for Kinesis. KPL sends many in one.
type put struct{ key, data string }

// aggregate returns the data of a Kinesis record with puts, as the Kinesis Producer
// Library makes it (awslabs/amazon-kinesis-producer, aggregation-format.md).
func aggregate(t *testing.T, puts ...put) string {
	t.Helper()
	var a records.AggregatedRecord
	for _, p := range puts {
		i := slices.Index(a.PartitionKeyTable, p.key)
		if i < 0 {
			i = len(a.PartitionKeyTable)
			a.PartitionKeyTable = append(a.PartitionKeyTable, p.key)
		}
		a.Records = append(a.Records, &records.Record{PartitionKeyIndex: proto.Uint64(uint64(i)), Data: []byte(p.data)})
	}
	text := must(proto.Marshal(protoadapt.MessageV2Of(&a)))(t)
	sum := md5.Sum(text)
	return "\xF3\x89\x9A\xC2" + string(text) + string(sum[:])
}

// kinesisEvent writes an event with records of one shard into a file.
func kinesisEvent(t *testing.T, stream string, puts ...put) (path string) {
	t.Helper()
	recs := make([]any, len(puts))
	for i, p := range puts {
		seq := fmt.Sprint(100 + i)
		recs[i] = map[string]any{
			"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record",
			"eventID": "shardId-000000000000:" + seq, "eventSourceARN": stream, "awsRegion": region,
			"invokeIdentityArn": "arn:aws:iam::" + account + ":role/function",
			"kinesis": map[string]any{
				"kinesisSchemaVersion": "1.0", "partitionKey": p.key, "sequenceNumber": seq,
				"data": []byte(p.data), "approximateArrivalTimestamp": 1763800000.5,
			},
		}
	}
	return eventFile(t, recs)
}

// change is a change of a DynamoDB item with the keys tenant = eu and id, both of type S.
// value is the attribute v of the new image; a REMOVE has none.
type change struct{ name, id, value string }

// dynamoDBEvent writes an event with changes into a file.
func dynamoDBEvent(t *testing.T, stream string, changes ...change) (path string) {
	t.Helper()
	text := func(s string) map[string]string { return map[string]string{"S": s} }
	recs := make([]any, len(changes))
	for i, c := range changes {
		d := map[string]any{
			"Keys":           map[string]any{"tenant": text("eu"), "id": text(c.id)},
			"SequenceNumber": fmt.Sprint(100 + i), "SizeBytes": 50, "StreamViewType": "NEW_AND_OLD_IMAGES",
			"ApproximateCreationDateTime": 1763800000,
		}
		if c.name != "REMOVE" {
			d["NewImage"] = map[string]any{"tenant": text("eu"), "id": text(c.id), "v": map[string]string{"N": c.value}}
		}
		recs[i] = map[string]any{
			"eventID": fmt.Sprint("e", i), "eventName": c.name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
			"awsRegion": region, "eventSourceARN": stream, "dynamodb": d,
		}
	}
	return eventFile(t, recs)
}

func eventFile(t *testing.T, recs []any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	text := must(json.Marshal(map[string]any{"Records": recs}))(t)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// expected is the required final content of targets.
type expected struct {
	data   []string            // of every record
	byKey  map[string][]string // of the records of each key, in order
	latest map[string]string   // of the last record of each key, without removed keys
}

// put adds a record.
func (e *expected) put(key, data string) {
	if e.byKey == nil {
		e.byKey, e.latest = make(map[string][]string), make(map[string]string)
	}
	e.data = append(e.data, data)
	e.byKey[key] = append(e.byKey[key], data)
	e.latest[key] = data
}

// change adds a change, with convertDDB set.
func (e *expected) change(c change) {
	key := c.id + "|eu"
	if c.name == "REMOVE" {
		e.put(key, fmt.Sprintf(`{"id":%q,"tenant":"eu"}`, c.id))
		delete(e.latest, key)
		return
	}
	e.put(key, fmt.Sprintf(`{"id":%q,"tenant":"eu","v":%s}`, c.id, c.value))
}
