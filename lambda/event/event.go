// Package event reads the events that AWS Lambda hands to a function: batches of
// records from Kinesis Data Streams, DynamoDB Streams, SNS, SQS and Kafka.
package event

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// Kind is a type of event source.
type Kind uint8

const (
	Kinesis Kind = iota + 1
	DynamoDB
	SNS
	SQS
	Kafka
)

// Kinds are all types of event sources.
var Kinds = []Kind{Kinesis, DynamoDB, SNS, SQS, Kafka}

// names are the names of the sources in events.
var names = [...]string{Kinesis: "aws:kinesis", DynamoDB: "aws:dynamodb", SNS: "aws:sns", SQS: "aws:sqs", Kafka: "aws:kafka"}

// String returns the name of the source in events, such as aws:kinesis.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(names) {
		return fmt.Sprintf("source kind %d", uint8(k))
	}
	return names[k]
}

// KindOf returns the kind of source of a service in ARNs, such as kinesis, or 0 if it has
// none.
func KindOf(service string) Kind { return kindNamed([]byte("aws:" + service)) }

// kindNamed returns the kind of source with a name in events, or 0 if there is none.
func kindNamed(name []byte) Kind {
	for _, k := range Kinds {
		if names[k] == string(name) {
			return k
		}
	}
	return 0
}

// Batch holds the records of one event that have the same source.
type Batch struct {
	// SourceARN is the ARN of the stream, topic or queue, as the event has it. A topic of
	// Kafka has the ARN that IAM policies use, or kafka://HOST:PORT,HOST:PORT/TOPIC, with the
	// brokers in order.
	SourceARN string

	Kind Kind

	// First is the index of the batch's first record in the event.
	First int

	// Records are in the order of the event. Raw is the source record's JSON.
	//
	//            Kinesis            DynamoDB                     SNS
	//  Key       partition key      values of the key            MessageId
	//                               attributes, see below
	//  HashKey   explicit hash key
	//  Data      the data           new image, or the keys       the message
	//                               of a REMOVE, as JSON
	//  Lane      shard, see below   source ARN                   topic ARN
	//  Seq       sequence number,   sequence number              sequence number,
	//            else that of the                                else MessageId
	//            eventID
	//  Action    PUT                INSERT, MODIFY or REMOVE     NOTIFICATION
	//
	// The shard of a Kinesis record is the part of its eventID before the colon, or
	// UnknownShard if it has none.
	//
	// DynamoDB's key is the value of the key attribute (a binary one in base64). The
	// values of two are in order of the attributes' names, joined with "|"; within
	// them "|" becomes "\|" and "\" becomes "\\". Its
	// data is the keys too where the stream's view has no new image, and then a
	// stand-in ([engine.Payload.IsStandIn]). Its events do
	// not name the shard, but each comes from one shard only. SNS numbers only the
	// notifications of FIFO topics; MessageId is unique instead.
	//
	// An SQS message has its body as data. Its key is the message group, else the
	// messageId, and its action MESSAGE. In a FIFO queue the lane is the group, and the Seq
	// is the sequence number, else the messageId. A standard queue has no order: all
	// messages are in one lane, the queue's ARN, and a Seq is a messageId.
	//
	// A record of Kafka has its value as data. Its key is the key's text, or the base64 of a
	// key that is not UTF-8, or "". The lane is the topic and partition, such as orders-0,
	// and the Seq the offset. The action is PUT, or REMOVE for a tombstone, which has no data.
	//
	// A Seq is unique in its lane. If the source does not number its records so, the Seq
	// contains a digest: see [Number].
	Records []engine.Record

	// Messages describe Records, one each, if the source is SQS.
	Messages []Message
}

// Decode reads an event. It returns one batch for each source, in order of their first
// records.
//
// A record with missing or malformed parts fails alone: its data is [engine.Unreadable].
// The whole event is an error if it is not JSON, has no Records, or has a record with no
// source or an unsupported one.
//
// Names match exactly. If members share a name the last one counts, as in a map decoded by
// encoding/json. Decode accepts the same JSON as encoding/json, and also a leading UTF-8
// byte order mark. Bytes that are not UTF-8 stay unchanged.
//
// The records share data's memory, which must not change while they are in use.
// aws-lambda-go reuses the buffers that it gives to a handler for the next invocation.
func Decode(data []byte) ([]Batch, error) { return new(Memory).Decode(data) }

// Memory holds the memory for an event's records, without its text. The next event that it
// decodes reuses this memory. The zero Memory is empty.
type Memory struct {
	records  []engine.Record // of the first batch
	payloads engine.Payloads
}

// Free drops the references of the previous event's records and keeps their memory. None of
// these records may still be in use.
func (m *Memory) Free() {
	clear(m.records)
	m.records = m.records[:0]
	m.payloads.Free()
}

// Decode is like the function Decode. The previous event's records may no longer be in use.
func (m *Memory) Decode(data []byte) ([]Batch, error) {
	m.Free()
	d := decoder{in: read(data), room: m}
	var records jsonscan.Kind
	var kafka kafkaEvent
	var others []string
	v, ok := d.in.Object(func(member jsonscan.Value) (ok bool) {
		name := d.mem.bytes(member)
		if string(name) == "Records" {
			records, ok = d.records()
			return ok
		}
		if len(others) <= maxNamed {
			others = append(others, quote(name))
		}
		known, ok := kafka.read(&d, name)
		if !known {
			_, ok = d.in.Value()
		}
		return ok
	})
	if !ok || !d.in.End() {
		return nil, fault(&d.in)
	}
	switch {
	case v.Kind != jsonscan.Object:
		return nil, fmt.Errorf("the event is %s, not an object with Records from %s", v.Kind, sources)
	case records == jsonscan.Absent && kafka.is(&d):
		d.err = d.kafka(&kafka)
	case records == jsonscan.Absent:
		return nil, fmt.Errorf("the event has no Records, only %s; fanout accepts events from %s", enumerate(others), sources)
	case records != jsonscan.Array && records != jsonscan.Null:
		return nil, fmt.Errorf("the event's Records is %s, not a list", records)
	}
	if d.err != nil {
		return nil, d.err
	}
	for i := range d.batches {
		identify(d.batches[i].Records)
	}
	if len(d.batches) > 0 {
		m.records = d.batches[0].Records
	}
	return d.batches, nil
}

// identify gives every record of a lane a unique Seq, because destinations and dedup tell
// records apart by it. If a record has no sequence number, or shares it with others of its
// lane, identify appends a digest of the source record. The Seq then does not depend on the
// rest of the event. If records are equal to the last byte, the second gets the suffix
// "-2", and so on.
//
// This is rare. Usually sequence numbers rise, and comparing neighbors is enough.
func identify(recs []engine.Record) {
	if rise(recs) {
		return
	}
	type position struct{ lane, seq string }
	numbers := make(map[position]int, len(recs))
	for i := range recs {
		numbers[position{recs[i].Lane, recs[i].Seq}]++
	}
	digests := make(map[position]int)
	for i := range recs {
		r := &recs[i]
		if r.Seq != "" && numbers[position{r.Lane, r.Seq}] == 1 {
			continue
		}
		sum := sha256.Sum256(r.Raw)
		r.Seq += digestMark + hex.EncodeToString(sum[:16])
		own := position{r.Lane, r.Seq}
		if digests[own]++; digests[own] > 1 {
			r.Seq += fmt.Sprint("-", digests[own])
		}
	}
}

// digestMark precedes the digest in a Seq.
const digestMark = "/"

// Number extracts the source's sequence number from a Seq. For a notification or message
// without a sequence number it returns the MessageId. It returns "" if the source gave neither.
func Number(seq string) string {
	number, _, _ := strings.Cut(seq, digestMark)
	return number
}

// Compare compares sequence numbers, which are decimal numbers too long for any integer
// type. It ignores leading zeros.
func Compare(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Before reports whether sequence number a is lower than b.
func Before(a, b string) bool { return Compare(a, b) < 0 }

// rise reports whether the sequence numbers of each lane rise from record to record.
func rise(recs []engine.Record) bool {
	var before map[string]string // by lane, for lanes of earlier records
	for i := range recs {
		r := &recs[i]
		if r.Seq == "" {
			return false
		}
		if i == 0 {
			continue
		}
		last := &recs[i-1]
		if r.Lane == last.Lane {
			if !precedes(last.Seq, r.Seq) {
				return false
			}
			continue
		}
		if before == nil {
			before = make(map[string]string)
		}
		before[last.Lane] = last.Seq
		if seq, ok := before[r.Lane]; ok && !precedes(seq, r.Seq) {
			return false
		}
	}
	return true
}

// precedes reports whether a is less than b; both have no leading zeros.
func precedes(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// sources lists the sources that Decode accepts.
const sources = "aws:kinesis, aws:dynamodb, aws:sns, aws:sqs, aws:kafka and SelfManagedKafka"

// recordSources lists the sources whose events have Records.
const recordSources = "aws:kinesis, aws:dynamodb, aws:sns and aws:sqs"

// Limits on the names that an error quotes from an event.
const (
	maxNamed = 8  // members
	maxName  = 64 // bytes of a name
)

// quote returns a name from the event in the form for an error.
func quote(name []byte) string {
	if len(name) > maxName {
		return fmt.Sprintf("%q…", name[:maxName])
	}
	return fmt.Sprintf("%q", name)
}

func enumerate(names []string) string {
	switch {
	case len(names) == 0:
		return "{}"
	case len(names) > maxNamed:
		return strings.Join(names[:maxNamed], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}

// mark is the byte order mark that some editors write at the start of UTF-8 text.
const mark = "\uFEFF"

// read returns a cursor at the start of an event, behind a byte order mark. It accepts
// the same text as encoding/json.
func read(event []byte) jsonscan.Cursor {
	c := jsonscan.Cursor{Text: event, AnyBytes: true}
	if bytes.HasPrefix(event, []byte(mark)) {
		c.Pos = len(mark)
	}
	return c
}

// fault returns the error of an event with a fault at c.
func fault(c *jsonscan.Cursor) error {
	switch {
	case isUTF16(c.Text):
		return errors.New("the event is not JSON in UTF-8 but UTF-16 text; save it as UTF-8")
	case c.Why == jsonscan.TooDeep:
		return fmt.Errorf("the event is nested more than %d deep, at byte %d", jsonscan.MaxDepth, c.Pos)
	case c.Pos >= len(c.Text):
		return fmt.Errorf("the event is not JSON: it ends too early, at byte %d", len(c.Text))
	}
	return fmt.Errorf("the event is not JSON: byte %d does not belong there", c.Pos)
}

// isUTF16 reports whether text begins with a UTF-16 byte order mark.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xFF\xFE")) || bytes.HasPrefix(text, []byte("\xFE\xFF"))
}
