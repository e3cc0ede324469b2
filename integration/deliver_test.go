//go:build integration

package integration

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/awslabs/kinesis-aggregation/go/v2/deaggregator"
	"github.com/google/go-cmp/cmp"
)

// userRecords returns the data of an event's Kinesis records, in order and by partition
// key. Amazon's own library unpacks them.
func userRecords(t *testing.T, records []json.RawMessage) (all []string, byKey map[string][]string) {
	t.Helper()
	byKey = make(map[string][]string)
	for _, raw := range records {
		var r struct {
			Kinesis struct {
				PartitionKey, SequenceNumber string
				Data                         []byte
			}
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		k := r.Kinesis
		for _, u := range must(deaggregator.DeaggregateRecords([]types.Record{
			{PartitionKey: &k.PartitionKey, SequenceNumber: &k.SequenceNumber, Data: k.Data},
		}))(t) {
			all = append(all, string(u.Data))
			byKey[*u.PartitionKey] = append(byKey[*u.PartitionKey], string(u.Data))
		}
	}
	return all, byKey
}

// collapsed returns records as one message in JSON.
func collapsed(t *testing.T, records []string) string {
	t.Helper()
	parts := make([]string, len(records))
	for i, r := range records {
		switch {
		case json.Valid([]byte(r)):
			parts[i] = r
		case utf8.ValidString(r):
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(r); err != nil {
				t.Fatal(err)
			}
			parts[i] = strings.TrimSpace(b.String())
		default:
			parts[i] = `{"$base64":"` + base64.StdEncoding.EncodeToString([]byte(r)) + `"}`
		}
	}
	return `{"Records":[` + strings.Join(parts, ",") + `]}`
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestKinesisEvent(t *testing.T) {
	s := connect(t)
	event, records := example(t, "kinesis.json")
	all, byKey := userRecords(t, records)
	s.createStream(t, "replica", 2)
	s.createDeliveryStream(t, "lake")
	file := targetsFile(t, arnOf("kinesis", "stream/orders"),
		target{"type": "kinesis", "destination": "replica", "deaggregate": true, "parallel": false},
		target{"type": "firehose", "destination": "lake", "deaggregate": true, "appendNewlines": true},
		target{"type": "sqs", "destination": s.createQueue(t, "each"), "deaggregate": true, "collapse": "none"},
		target{"type": "sqs", "destination": s.createQueue(t, "together"), "deaggregate": true, "collapse": "JSON"},
		target{"type": "sqs", "destination": s.createQueue(t, "ordered.fifo"), "deaggregate": true, "collapse": "none", "parallel": false},
		target{"type": "sns", "destination": s.createTopic(t, "topic"), "deaggregate": true, "collapse": "none"},
		target{"type": "sns", "destination": s.createTopic(t, "bytes"), "deaggregate": true, "collapse": "concat-b64"},
	)
	if r := fanout(t, "run", "--targets", file, "--event", event); r.Records != len(records) || len(r.Targets) != 7 {
		t.Errorf("report %+v", r)
	}

	if diff := cmp.Diff(byKey, s.streamData(t, "replica")); diff != "" {
		t.Error("stream:", diff)
	}
	if diff := cmp.Diff(strings.Join(all, "\n")+"\n", s.bucketData(t, "lake")); diff != "" {
		t.Error("bucket behind Firehose:", diff)
	}
	if diff := cmp.Diff(sorted(all), sorted(s.messages(t, "each"))); diff != "" {
		t.Error("queue:", diff)
	}
	if diff := cmp.Diff(sorted(all), sorted(s.messages(t, "topic"))); diff != "" {
		t.Error("queue behind topic:", diff)
	}
	ordered := s.messages(t, "ordered.fifo")
	if diff := cmp.Diff(sorted(all), sorted(ordered)); diff != "" {
		t.Error("FIFO queue:", diff)
	}
	for key, want := range byKey {
		got := slices.DeleteFunc(slices.Clone(ordered), func(m string) bool { return !slices.Contains(want, m) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("FIFO queue, key %s: %s", key, diff)
		}
	}

	// A message carries records of one shard.
	first, second := all[:len(all)-2], all[len(all)-2:]
	if diff := cmp.Diff(sorted([]string{collapsed(t, first), collapsed(t, second)}), sorted(s.messages(t, "together"))); diff != "" {
		t.Error("queue of collapsed records:", diff)
	}
	b64 := func(records []string) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Join(records, "")))
	}
	if diff := cmp.Diff(sorted([]string{b64(first), b64(second)}), sorted(s.messages(t, "bytes"))); diff != "" {
		t.Error("queue of bytes in base64:", diff)
	}
}

func TestDynamoDBEvent(t *testing.T) {
	s := connect(t)
	event, records := example(t, "dynamodb.json")
	var images []string
	for _, raw := range records {
		var r struct {
			Dynamodb struct{ Keys, NewImage json.RawMessage }
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		image := r.Dynamodb.NewImage
		if image == nil {
			image = r.Dynamodb.Keys // for a REMOVE
		}
		images = append(images, string(image))
	}
	s.createStream(t, "changes", 2)
	file := targetsFile(t, arnOf("dynamodb", "table/Customers/stream/2026-03-01T09:00:00.000"),
		target{"type": "kinesis", "destination": "changes", "parallel": false},
		target{"type": "sqs", "destination": s.createQueue(t, "customers"), "convertDDB": true, "collapse": "none"},
	)
	fanout(t, "run", "--targets", file, "--event", event)

	if diff := cmp.Diff(map[string][]string{"17|eu": images[:2], "42|eu": images[2:]}, s.streamData(t, "changes")); diff != "" {
		t.Error("stream:", diff)
	}
	const plain = `,"address":{"city":"Köln","zip":"50667"},"history":[12345678901234567890.1234567890,"first|order"],`
	for _, m := range s.messages(t, "customers") {
		if !strings.Contains(m, plain) && m != `{"id":42,"tenant":"eu"}` {
			t.Errorf("message %s", m)
		}
	}
}

func TestSNSEvent(t *testing.T) {
	s := connect(t)
	event, records := example(t, "sns.json")
	var want []string
	for _, raw := range records {
		var r struct{ Sns struct{ Message string } }
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		want = append(want, r.Sns.Message)
	}
	file := targetsFile(t, arnOf("sns", "alerts"),
		target{"type": "sqs", "destination": s.createQueue(t, "alerts"), "collapse": "none"})
	fanout(t, "run", "--targets", file, "--event", event)
	if diff := cmp.Diff(sorted(want), sorted(s.messages(t, "alerts"))); diff != "" {
		t.Error(diff)
	}
}
