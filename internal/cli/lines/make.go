// Package lines makes records, in the form of Lambda events, of plain lines.
package lines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"fanout/engine/plain"
	"fanout/internal/jq"
)

// Maker makes the records of an event (AWS Lambda developer guide, the events of Kinesis,
// DynamoDB and SNS).
type Maker struct {
	Source, Region string
	Key            *jq.Program // of a partition key; nil: the number of the line
	Keys           []string    // key attributes of the table
	Now            time.Time

	records []any
}

// Example returns the ARN of an example of a source, "" for an unknown service.
func Example(service string) string {
	resource := map[string]string{
		"kinesis": "stream/example", "dynamodb": "table/example/stream/2026-01-01T00:00:00.000", "sns": "example",
	}[service]
	if resource == "" {
		return ""
	}
	return "arn:aws:" + service + ":eu-west-1:123456789012:" + resource
}

// Add makes a record of a line.
func (m *Maker) Add(service string, number int, line string) error {
	switch service {
	case "kinesis":
		return m.addKinesis(number, line)
	case "dynamodb":
		return m.addItem(number, line)
	}
	m.addMessage(number, line)
	return nil
}

// lane is the shard of all Kinesis records.
const lane = "shardId-000000000000"

func (m *Maker) addKinesis(number int, line string) error {
	sequence := fmt.Sprintf("4959033827149025660855969253836157109592157%013d", number) // as long as the real ones
	key := strconv.Itoa(number)
	if m.Key != nil {
		text, ok, err := m.Key.First(context.Background(), &jq.Record{
			Data: []byte(line), Source: m.Source, Shard: lane, Sequence: sequence, Arrived: m.Now.UnixMilli(),
		})
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		if !ok || text == "" {
			return errors.New("the record has no key; --key must have a result for every record")
		}
		key = text
	}
	m.records = append(m.records, map[string]any{
		"kinesis": map[string]any{
			"kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": sequence, "data": []byte(line),
			"approximateArrivalTimestamp": float64(m.Now.UnixMilli()) / 1000,
		},
		"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": lane + ":" + sequence, "eventName": "aws:kinesis:record",
		"invokeIdentityArn": "arn:aws:iam::123456789012:role/example", "awsRegion": m.Region, "eventSourceARN": m.Source,
	})
	return nil
}

func (m *Maker) addItem(number int, line string) error {
	d := json.NewDecoder(bytes.NewReader([]byte(line)))
	d.UseNumber()
	var item map[string]any
	if err := d.Decode(&item); err != nil || item == nil || d.More() {
		return errors.New("the line is not a JSON object; write an item as one")
	}
	keys := make(map[string]any)
	for _, name := range m.Keys {
		value, ok := item[name]
		if !ok {
			return fmt.Errorf("the item has no key attribute %s; add it, or name the key attributes with --keys", plain.Line(strconv.Quote(name)))
		}
		keys[name] = attribute(value)
	}
	image := make(map[string]any, len(item))
	for name, value := range item {
		image[name] = attribute(value)
	}
	m.records = append(m.records, map[string]any{
		"eventID": fmt.Sprintf("%032x", number), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
		"awsRegion": m.Region, "eventSourceARN": m.Source,
		"dynamodb": map[string]any{
			"ApproximateCreationDateTime": m.Now.Unix(), "Keys": keys, "NewImage": image,
			"SequenceNumber": fmt.Sprintf("1117%018d", number), "SizeBytes": len(line), "StreamViewType": "NEW_AND_OLD_IMAGES",
		},
	})
	return nil
}

// attribute returns a JSON value as DynamoDB writes it (DynamoDB API, AttributeValue).
func attribute(v any) map[string]any {
	switch v := v.(type) {
	case nil:
		return map[string]any{"NULL": true}
	case bool:
		return map[string]any{"BOOL": v}
	case json.Number:
		return map[string]any{"N": v.String()}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = attribute(v[i])
		}
		return map[string]any{"L": list}
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, value := range v {
			members[name] = attribute(value)
		}
		return map[string]any{"M": members}
	}
	return map[string]any{"S": v}
}

func (m *Maker) addMessage(number int, line string) {
	m.records = append(m.records, map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": m.Source + ":00000000-0000-4000-8000-000000000000",
		"Sns": map[string]any{
			"Type": "Notification", "MessageId": fmt.Sprintf("00000000-0000-4000-8000-%012d", number), "TopicArn": m.Source,
			"Message": line, "Subject": "", "MessageAttributes": map[string]any{}, "Timestamp": m.Now.UTC().Format("2006-01-02T15:04:05.000Z"),
		},
	})
}

// Print writes the event, a record on each line.
func (m *Maker) Print(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(`{"Records": [`)
	for i, r := range m.records {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the newline of Encode
	}
	b.WriteString("\n]}\n")
	_, err := w.Write(b.Bytes())
	return err
}
