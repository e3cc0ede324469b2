// Package lines makes records, in the form of Lambda events, of plain lines.
package lines

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // md5OfBody of SQS
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"fanout/engine/plain"
	"fanout/internal/awsname"
	"fanout/internal/jq"
	"fanout/lambda/event"
)

// Maker makes the records of an event (AWS Lambda developer guide, the events of Kinesis,
// DynamoDB, SNS, SQS and Kafka).
type Maker struct {
	Source, Service, Region string
	Key                     *jq.Program // of a partition key; nil: the number of the line, or of a Kafka record none
	Group                   *jq.Program // of a message group; nil: none, and in a FIFO queue one for all
	Keys                    []string    // key attributes of the table
	Aggregate               bool        // several lines make a Kinesis record
	Now                     time.Time

	// Run, if not 0, is part of sequence numbers and ids. Two runs with different files must
	// not give two records the same ones: a destination would take one for the other.
	Run uint64

	records [][]byte // in JSON
	numbers []int    // by record: the number of its first line
	size    int      // of the records, in bytes
	open    aggregate
}

// Example returns the ARN of an example of a source, "" for an unknown service.
func Example(service string) string {
	resource := map[string]string{
		"kinesis": "stream/example", "dynamodb": "table/example/stream/2026-01-01T00:00:00.000", "sns": "example", "sqs": "example",
		"kafka": "topic/example/00000000-0000-4000-8000-000000000000-1/example",
	}[service]
	if resource == "" {
		return ""
	}
	return "arn:aws:" + service + ":eu-west-1:123456789012:" + resource
}

// Add makes a record of a line.
func (m *Maker) Add(ctx context.Context, number int, line string) error {
	switch {
	case m.Service == "kinesis":
		return m.addKinesis(ctx, number, line)
	case m.Service == awsname.Kafka:
		return m.addKafka(ctx, number, line)
	case !utf8.ValidString(line): // JSON would replace the bytes
		return errors.New("the line is not UTF-8, and only Kinesis and Kafka take other bytes; convert it, or use such a source")
	case m.Service == "dynamodb":
		return m.addItem(number, line)
	case m.Service == "sqs":
		return m.addQueued(ctx, number, line)
	}
	return m.addMessage(number, line)
}

// Len returns the number of records.
func (m *Maker) Len() int { return len(m.records) }

// Empty reports whether there is no line in work.
func (m *Maker) Empty() bool { return len(m.records) == 0 && m.open.keys == nil }

// Size returns about the bytes of the event.
func (m *Maker) Size() int { return m.size }

// add adds a record of the line with this number, or of several from there on.
func (m *Maker) add(number int, record any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(record); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the newline of Encode
	m.records, m.numbers, m.size = append(m.records, b.Bytes()), append(m.numbers, number), m.size+b.Len()
	return nil
}

// lane is the shard of all Kinesis records.
const lane = "shardId-000000000000"

// sequence returns the sequence number of a Kinesis record, as long as the real ones.
func (m *Maker) sequence(number int) string {
	if m.Run == 0 {
		return fmt.Sprintf("4959033827149025660855969253836157109592157%013d", number)
	}
	return fmt.Sprintf("4959033827149025660855969%018d%013d", m.Run, number)
}

func (m *Maker) addKinesis(ctx context.Context, number int, line string) error {
	key, err := m.result(ctx, "key", m.Key, strconv.Itoa(number), &jq.Record{
		Data: []byte(line), Source: m.Source, Shard: lane, Sequence: m.sequence(number), Arrived: m.Now.UnixMilli(),
	})
	if err != nil {
		return err
	}
	if !m.Aggregate {
		return m.addData(number, key, []byte(line))
	}
	if !m.open.fits(key, line) {
		if err := m.closeAggregate(); err != nil {
			return err
		}
	}
	m.open.add(number, key, line)
	return nil
}

// result returns the result of a program for a line. Without a program it is other.
func (m *Maker) result(ctx context.Context, flag string, p *jq.Program, other string, line *jq.Record) (string, error) {
	if p == nil {
		return other, nil
	}
	text, ok, err := p.First(ctx, line)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	if !ok || text == "" {
		return "", fmt.Errorf("the record has no %s; --%[1]s must have a result for every record", flag)
	}
	return text, nil
}

// closeAggregate makes a record of the open aggregate, if there is one.
func (m *Maker) closeAggregate() error {
	a := m.open
	m.open = aggregate{}
	if a.keys == nil {
		return nil
	}
	return m.addData(a.number, a.key, a.bytes())
}

// addData adds a Kinesis record.
func (m *Maker) addData(number int, key string, data []byte) error {
	sequence := m.sequence(number)
	return m.add(number, map[string]any{
		"kinesis": map[string]any{
			"kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": sequence, "data": data,
			"approximateArrivalTimestamp": float64(m.Now.UnixMilli()) / 1000,
		},
		"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": lane + ":" + sequence, "eventName": "aws:kinesis:record",
		"invokeIdentityArn": "arn:aws:iam::123456789012:role/example", "awsRegion": m.Region, "eventSourceARN": m.Source,
	})
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
	return m.add(number, map[string]any{
		"eventID": fmt.Sprintf("%016x%016x", m.Run, number), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
		"awsRegion": m.Region, "eventSourceARN": m.Source,
		"dynamodb": map[string]any{
			"ApproximateCreationDateTime": m.Now.Unix(), "Keys": keys, "NewImage": image,
			"SequenceNumber": m.change(number), "SizeBytes": len(line), "StreamViewType": "NEW_AND_OLD_IMAGES",
		},
	})
}

// change returns the sequence number of a change in a table.
func (m *Maker) change(number int) string {
	if m.Run == 0 {
		return fmt.Sprintf("1117%018d", number)
	}
	return fmt.Sprintf("1117%018d%013d", m.Run, number)
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

func (m *Maker) addMessage(number int, line string) error {
	return m.add(number, map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": m.Source + ":00000000-0000-4000-8000-000000000000",
		"Sns": map[string]any{
			"Type": "Notification", "MessageId": m.message(number), "TopicArn": m.Source,
			"Message": line, "Subject": "", "MessageAttributes": map[string]any{}, "Timestamp": m.Now.UTC().Format("2006-01-02T15:04:05.000Z"),
		},
	})
}

func (m *Maker) addQueued(ctx context.Context, number int, line string) error {
	at, group := strconv.FormatInt(m.Now.UnixMilli(), 10), ""
	own := map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": at, "SenderId": "AIDAEXAMPLE", "ApproximateFirstReceiveTimestamp": at}
	if event.IsFIFO(m.Source) {
		own["SequenceNumber"], own["MessageDeduplicationId"] = m.change(number), m.message(number)
		group = "example"
	}
	group, err := m.result(ctx, "group", m.Group, group, &jq.Record{
		Data: []byte(line), Source: m.Source, Shard: m.Source, Sequence: m.message(number), Arrived: m.Now.UnixMilli(),
	})
	if err != nil {
		return err
	}
	if group != "" {
		own["MessageGroupId"] = group
	}
	sum := md5.Sum([]byte(line)) //nolint:gosec // as SQS has it
	return m.add(number, map[string]any{
		"messageId": m.message(number), "receiptHandle": "example", "body": line, "attributes": own, "messageAttributes": map[string]any{},
		"md5OfBody": hex.EncodeToString(sum[:]), "eventSource": "aws:sqs", "eventSourceARN": m.Source, "awsRegion": m.Region,
	})
}

// message returns the id of a message: a UUID.
func (m *Maker) message(number int) string {
	r := fmt.Sprintf("%016x", m.Run)
	return fmt.Sprintf("%s-%s-4%s-8%s-%012d", r[:8], r[8:12], r[12:15], "00"+r[15:], number)
}

// Line returns the number of the line in a sequence number, or of the first line of several.
func Line(sequence string) (int, bool) {
	const digits = 12 // that all services have behind the run
	if len(sequence) < digits {
		return 0, false
	}
	n, err := strconv.Atoi(sequence[len(sequence)-digits:])
	return n, err == nil
}

// Event returns the event of the records so far, with the number of the first line of each,
// and forgets them.
func (m *Maker) Event() (event []byte, numbers []int, err error) {
	if err := m.closeAggregate(); err != nil {
		return nil, nil, err
	}
	start, end := m.frame()
	event = slices.Concat([]byte(start), bytes.Join(m.records, []byte(",")), []byte(end))
	numbers = m.numbers
	m.records, m.numbers, m.size = nil, nil, 0
	return event, numbers, nil
}

// Print writes the event, a record on each line.
func (m *Maker) Print(w io.Writer) error {
	if err := m.closeAggregate(); err != nil {
		return err
	}
	var b bytes.Buffer
	start, end := m.frame()
	b.WriteString(start)
	for i, r := range m.records {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(r)
	}
	b.WriteString("\n" + end + "\n")
	_, err := w.Write(b.Bytes())
	return err
}
