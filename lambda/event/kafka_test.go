package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// referenceKafka decodes an event from Kafka with encoding/json.
func referenceKafka(event members, source string) ([]flatBatch, error) {
	records := event["records"]
	if string(records) == "null" {
		return nil, nil
	}
	in := json.NewDecoder(bytes.NewReader(records)) // of equal names all count
	if t, err := in.Token(); err != nil || t != json.Delim('{') {
		return nil, errReference
	}
	var batches []flatBatch
	for in.More() {
		lane, _ := in.Token()
		var raw json.RawMessage
		if in.Decode(&raw) != nil {
			return nil, errReference
		}
		var list []json.RawMessage
		name := regexp.MustCompile(`(?s)^(.+)-[0-9]+$`).FindStringSubmatch(lane.(string))
		if name == nil || json.Unmarshal(raw, &list) != nil {
			return nil, errReference
		}
		topic := referenceTopic(event, source)
		if topic == "" {
			return nil, errReference
		}
		topic += "/" + name[1]
		for _, raw := range list {
			i := slices.IndexFunc(batches, func(b flatBatch) bool { return b.Source == topic })
			if i < 0 {
				i = len(batches)
				batches = append(batches, flatBatch{Source: topic, Kind: Kafka})
			}
			batches[i].Records = append(batches[i].Records, referenceMessage(raw, lane.(string)))
		}
	}
	for _, b := range batches {
		referenceIdentity(b.Records)
	}
	return batches, nil
}

// referenceTopic returns the name of a topic up to its last slash, or "".
func referenceTopic(event members, source string) string {
	if source == "aws:kafka" {
		arn, _ := event.text("eventSourceArn")
		if !strings.Contains(arn, ":cluster/") {
			return ""
		}
		return strings.Replace(arn, ":cluster/", ":topic/", 1)
	}
	servers, _ := event.text("bootstrapServers")
	if servers == "" {
		return ""
	}
	list := strings.Split(strings.ReplaceAll(servers, " ", ""), ",")
	slices.Sort(list)
	return "kafka://" + strings.Join(list, ",")
}

func referenceMessage(raw json.RawMessage, lane string) flat {
	m := asObject(raw)
	r := flat{Lane: lane, Action: "PUT", Raw: string(raw), Bad: m == nil}
	if r.Seq = string(m["offset"]); !regexp.MustCompile(`^[0-9]+$`).MatchString(r.Seq) {
		r.Seq, r.Bad = "", true
	}
	var n int64
	if json.Unmarshal(m["timestamp"], &n) == nil && n > 0 && time.UnixMilli(n).UTC().Year() < 10000 {
		r.Arrived = n
	}
	decode := func(name string) (text string, content []byte) {
		text, isText := m.text(name)
		content, err := base64.StdEncoding.DecodeString(text)
		if m.given(name) && (!isText || err != nil || strings.ContainsAny(text, "\r\n")) {
			r.Bad, content, text = true, nil, ""
		}
		return text, content
	}
	text, key := decode("key")
	if r.Key = string(key); !utf8.Valid(key) {
		r.Key = text
	}
	if !m.given("value") {
		r.Action = "REMOVE"
	}
	if _, value := decode("value"); !r.Bad {
		r.Data = string(value)
	}
	return r
}

// The errors of events of Kafka name what is at fault.
func TestKafkaFaults(t *testing.T) {
	for event, want := range map[string]string{
		`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c"}`:                                    `the event comes from aws:kafka but has no records`,
		`{"eventSource":"aws:kafka","eventSourceArn":"a:cluster/b/c","records":[]}`:                       `the event's records is a list, not an object`,
		`{"eventSource":"aws:kafka","records":{"t-0":[]}}`:                                                `the event comes from aws:kafka but has no eventSourceArn`,
		`{"eventSource":"aws:kafka","eventSourceArn":"arn","records":{"t-0":[]}}`:                         `the event's eventSourceArn is "arn", not the ARN of an MSK cluster`,
		`{"eventSource":"SelfManagedKafka","records":{"t-0":[]}}`:                                         `the event comes from SelfManagedKafka but has no bootstrapServers`,
		`{"eventSource":"SelfManagedKafka","bootstrapServers":"b:1","records":{"t":[]}}`:                  `the event's records has the member "t"; its name must be a topic, - and a partition`,
		`{"eventSource":"SelfManagedKafka","bootstrapServers":"b:1","records":{"t-0":{}}}`:                `the event's records has an object at "t-0", not a list`,
		`{"Records":[{"eventSource":"aws:kafka","eventSourceARN":"arn:aws:kafka:a:1:topic/a/b/orders"}]}`: `the event's Records[0] comes from "aws:kafka"; fanout accepts aws:kinesis, aws:dynamodb, aws:sns and aws:sqs`,
	} {
		if _, err := Decode([]byte(event)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", event, err)
		}
	}
}

// A record with a malformed part fails alone.
func TestKafkaRecordFaults(t *testing.T) {
	batches, err := Decode([]byte(`{"eventSource":"SelfManagedKafka","bootstrapServers":"b:1","records":{"t-0":[` +
		`{"offset":1,"value":"QQ=="},7,{"offset":"3","value":"QQ=="},{"offset":4,"value":"Q"},{"offset":5,"key":"?","value":"QQ=="},{"offset":6,"value":"QQ=="}]}}`))
	if err != nil || len(batches) != 1 {
		t.Fatal(batches, err)
	}
	var got []string
	for _, r := range batches[0].Records {
		got = append(got, fmt.Sprint(Number(r.Seq), " ", r.Data.Err()))
	}
	if diff := cmp.Diff([]string{
		"1 <nil>", " the record is a number, not an object", " the record's offset is not a whole number",
		"4 the record's data is not valid base64", "5 the record's key is not valid base64", "6 <nil>",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// kafkaEventOf is an event as Lambda writes it, of n records with size bytes of data in two
// partitions.
func kafkaEventOf(n, size int) []byte {
	value := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), size))
	var b bytes.Buffer
	b.WriteString(`{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:us-east-1:123456789012:cluster/demo/751d2973-a626-431c-9d4e-d7975eb44dd7-2","records":{"orders-0":[`)
	for i := range n {
		switch {
		case i == n/2:
			b.WriteString(`],"orders-1":[`)
		case i > 0:
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"topic":"orders","partition":%d,"offset":%d,"timestamp":1545084650987,"timestampType":"CREATE_TIME","key":"%s","value":"%s","headers":[]}`,
			2*i/n, 15+i, base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "device-%d", i)), value)
	}
	b.WriteString(`]}}`)
	return b.Bytes()
}
