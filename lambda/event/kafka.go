package event

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/internal/jsonscan"
)

// selfManaged is the name of a Kafka cluster outside of Amazon MSK in events.
const selfManaged = "SelfManagedKafka"

// kafkaEvent holds the members of an event from Kafka (Lambda guide, Using Lambda with Amazon
// MSK, and Using Lambda with self-managed Apache Kafka).
type kafkaEvent struct {
	source, cluster, brokers, records jsonscan.Value
}

// read reads a member of the event, and reports whether the event has it.
func (e *kafkaEvent) read(d *decoder, name []byte) (known, ok bool) {
	to := (*jsonscan.Value)(nil)
	switch string(name) {
	case "eventSource":
		to = &e.source
	case "eventSourceArn":
		to = &e.cluster
	case "bootstrapServers":
		to = &e.brokers
	case "records":
		to = &e.records
	default:
		return false, true
	}
	*to, ok = d.in.Value()
	return true, ok
}

// is reports whether the event comes from Kafka.
func (e *kafkaEvent) is(d *decoder) bool {
	if !e.source.IsString() {
		return false
	}
	name := string(d.mem.bytes(e.source))
	return name == Kafka.String() || name == selfManaged
}

// kafka reads the records of an event from Kafka. Their JSON is known to be valid.
func (d *decoder) kafka(e *kafkaEvent) error {
	switch e.records.Kind {
	case jsonscan.Object:
	case jsonscan.Null:
		return nil
	case jsonscan.Absent:
		return fmt.Errorf("the event comes from %s but has no records", d.mem.bytes(e.source))
	default:
		return fmt.Errorf("the event's records is %s, not an object", e.records.Kind)
	}
	d.batches, d.index, d.err, d.n, d.start = nil, nil, nil, 0, 0
	d.in = jsonscan.Cursor{Text: e.records.Raw, AnyBytes: true}
	d.in.Object(func(name jsonscan.Value) bool {
		d.lane = d.mem.string(name)
		arn, err := e.topic(d, topicOf(d.lane))
		if err != nil {
			d.err = err
			return false
		}
		v, ok := d.in.Array(func() bool { return d.message(arn) })
		if ok && v.Kind != jsonscan.Array && v.Kind != jsonscan.Null {
			d.err = fmt.Errorf("the event's records has %s at %s, not a list", v.Kind, quote([]byte(d.lane)))
		}
		return ok && d.err == nil
	})
	return d.err
}

// topicOf returns the topic of a topic and partition, such as orders-0, or "".
func topicOf(lane string) string {
	i := strings.LastIndexByte(lane, '-')
	if i < 0 || !isNumber(lane[i+1:]) {
		return ""
	}
	return lane[:i]
}

// topic returns the name of a topic as a source: its ARN (MSK developer guide, IAM access
// control, resources), or the addresses of the cluster's brokers and the topic.
func (e *kafkaEvent) topic(d *decoder, topic string) (string, error) {
	if topic == "" {
		return "", fmt.Errorf("the event's records has the member %s; its name must be a topic, - and a partition", quote([]byte(d.lane)))
	}
	if string(d.mem.bytes(e.source)) == selfManaged {
		if !e.brokers.IsString() || len(e.brokers.Raw) == 0 {
			return "", fmt.Errorf("the event comes from %s but has no bootstrapServers", selfManaged)
		}
		brokers := strings.Split(strings.ReplaceAll(string(d.mem.bytes(e.brokers)), " ", ""), ",")
		slices.Sort(brokers)
		return awsname.KafkaScheme + strings.Join(brokers, ",") + "/" + topic, nil
	}
	if !e.cluster.IsString() || len(e.cluster.Raw) == 0 {
		return "", fmt.Errorf("the event comes from %s but has no eventSourceArn", Kafka)
	}
	cluster := d.mem.bytes(e.cluster)
	account, name, ok := bytes.Cut(cluster, []byte(":cluster/"))
	if !ok {
		return "", fmt.Errorf("the event's eventSourceArn is %s, not the ARN of an MSK cluster", quote(cluster))
	}
	return string(account) + ":topic/" + string(name) + "/" + topic, nil
}

// kafkaRecord holds the members of a record of a topic.
type kafkaRecord struct{ offset, timestamp, key, value jsonscan.Value }

// message reads a record of the topic named arn.
func (d *decoder) message(arn string) bool {
	d.record, d.bad = record{}, nil
	var k kafkaRecord
	raw, ok := d.in.Object(func(name jsonscan.Value) (ok bool) {
		switch string(d.mem.bytes(name)) {
		case "offset":
			k.offset, ok = d.in.Value()
		case "timestamp":
			k.timestamp, ok = d.in.Value()
		case "key":
			k.key, ok = d.in.Value()
		case "value":
			k.value, ok = d.in.Value()
		default:
			_, ok = d.in.Value()
		}
		return ok
	})
	if !ok {
		return false
	}
	if raw.Kind != jsonscan.Object {
		d.fail("the record is %s, not an object", raw.Kind)
	}
	d.record.raw = raw
	b := d.batch(source{Kafka, arn})
	if d.stock == 0 {
		d.reserve(b)
	}
	r := d.kafkaRecord(&k)
	r.Raw = raw.Raw
	if d.bad != nil {
		r.Data = engine.Unreadable(d.bad)
	}
	b.Records = append(b.Records, r)
	d.n++
	return true
}

// kafkaRecord converts the members just read to a record.
func (d *decoder) kafkaRecord(k *kafkaRecord) engine.Record {
	r := engine.Record{Key: d.kafkaKey(k.key), Lane: d.lane, Action: "PUT"}
	if k.offset.Kind == jsonscan.Number && isNumber(string(k.offset.Raw)) {
		r.Seq = share(k.offset.Raw)
	} else {
		d.fail("the record's offset is not a whole number")
	}
	if k.timestamp.Kind == jsonscan.Number {
		r.Arrived = unixMillis(share(k.timestamp.Raw))
	}
	if !k.value.Given() { // a tombstone
		r.Action, r.Data = "REMOVE", d.data().Bytes(nil)
		return r
	}
	if text := d.need("value", k.value); d.bad == nil {
		r.Data = d.data().Base64(text)
	}
	return r
}

// kafkaKey returns the content of a key in base64 if it is UTF-8, else the base64.
func (d *decoder) kafkaKey(v jsonscan.Value) string {
	if !v.Given() {
		return ""
	}
	text := d.need("key", v)
	key := d.mem.take(base64.StdEncoding.DecodedLen(len(text)))
	key, err := base64.StdEncoding.AppendDecode(key, text)
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		d.fail("the record's key is not valid base64")
		return ""
	}
	if !utf8.Valid(key) {
		return share(text)
	}
	return share(key)
}
