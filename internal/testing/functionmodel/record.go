package functionmodel

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanout/internal/testing/kpl"
	"fanout/internal/testing/modelkit"
	"fanout/lambda/event"
)

// sourceRecord is a record as a mapping reads it.
type sourceRecord struct {
	source     *source
	shard      string
	seq        string
	key        string
	users      []userRecord // of an aggregate several, otherwise one
	aggregate  bool
	compressed bool   // as gzip
	action     string // of a change of an item
	pk, sk     string // values of the item's key attributes
	flaw       flaw
	wire       string    // its data; "": not made yet
	created    time.Time // when the source took it

	id, group, tag string // of a message of a queue: its id, message group and attribute
	received       int    // times that the queue has handed it out

	givenUp bool // by the mapping
}

// userRecord is a record as a user put it. Its data contains its name, so the oracle recognizes it
// wherever it arrives.
type userRecord struct{ key, name, data string }

// flaw is the reason why a record can never be delivered, or cannot be deaggregated.
type flaw uint8

const (
	flawless flaw = iota
	unreadable
	brokenAggregate // its checksum is right, and its content is not
	brokenGzip      // its end is missing
)

func (w *world) drawRecord(s *source, shard string, i int) *sourceRecord {
	r := &sourceRecord{source: s, shard: shard, seq: fmt.Sprintf("%s%05d", strings.ReplaceAll("9"+shard, ".", ""), 98+i), action: "INSERT"}
	r.aggregate = s.kind == event.Kinesis && w.OneIn(4)
	r.created = time.Now().Add(-time.Duration(w.IntN(120)) * time.Second)
	w.drawUsers(r, shard, i)
	switch s.kind {
	case event.SNS:
		r.seq = "id-" + r.seq
	case event.DynamoDB:
		w.drawChange(r)
	default:
	}
	if s.sameNumbers {
		r.shard = r.shard[strings.IndexByte(r.shard, '.')+1:]
		r.seq = strings.Replace(r.seq, strings.ReplaceAll(shard, ".", ""), r.shard, 1)
	}
	switch s.kind {
	case event.SNS:
		r.users[0].key = r.seq
	case event.SQS:
		r.queue()
	default:
	}
	r.key = r.users[0].key
	if w.OneIn(30) {
		r.flaw = unreadable
	} else if r.aggregate && w.OneIn(10) {
		r.flaw = brokenAggregate
	}
	if s.compresses && w.OneIn(2) {
		r.compressed = true
		if r.flaw == flawless && w.OneIn(10) {
			r.flaw = brokenGzip
		}
	}
	return r
}

func (w *world) drawUsers(r *sourceRecord, shard string, i int) {
	n := 1
	if r.aggregate {
		n += w.IntN(4)
	}
	for k := range n {
		u := userRecord{key: fmt.Sprint("key", w.IntN(5)), name: fmt.Sprintf("(%s.%05d.%d)", shard, i, k)}
		u.data = u.name + strings.Repeat("x", w.IntN(30))
		if w.OneIn(3) {
			u.data = `{"n":"` + u.data + `"}`
		}
		r.users = append(r.users, u)
	}
}

// drawChange makes r the change of an item. Values of its key attributes have the characters that
// keys are joined with.
func (w *world) drawChange(r *sourceRecord) {
	values := []string{"", "a", `a\`, `|`, `a|\`, `\|`}
	u := &r.users[0]
	r.action = modelkit.Pick(w.Draw, "INSERT", "MODIFY", "REMOVE")
	r.pk, r.sk = modelkit.Pick(w.Draw, values...), modelkit.Pick(w.Draw, values...)
	if r.imageless() || r.source.namedKeys {
		r.sk = u.name
	}
	u.key, u.data = r.pk+"\x00"+r.sk, r.item(false)
}

// itemKey returns the key of the item whose change r is, as targets get it.
func (r *sourceRecord) itemKey() string {
	escaped := strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	return escaped.Replace(r.pk) + "|" + escaped.Replace(r.sk)
}

// imageless reports whether r, the change of an item, has no new image.
func (r *sourceRecord) imageless() bool { return r.action == "REMOVE" || r.source.keysOnly }

// sameNumber reports whether r has the sequence number of another record.
func (r *sourceRecord) sameNumber(other *sourceRecord) bool {
	return r.seq != "" && r.seq == other.seq
}

// names returns the names of the user records in r.
func (r *sourceRecord) names() (all []string) {
	for _, u := range r.users {
		all = append(all, u.name)
	}
	return all
}

// data returns the data of r.
func (r *sourceRecord) data() string {
	if r.wire != "" {
		return r.wire
	}
	if r.wire = r.plain(); r.compressed {
		r.wire = compress(r.wire)
	}
	if r.flaw == brokenGzip {
		r.wire = r.wire[:len(r.wire)-4]
	}
	return r.wire
}

// plain returns the data of r before it is compressed.
func (r *sourceRecord) plain() string {
	if !r.aggregate {
		return r.users[0].data
	}
	users := make([]kpl.User, len(r.users))
	for i, u := range r.users {
		users[i] = kpl.User{Key: u.key, Data: u.data}
	}
	message := kpl.Message(users...)
	if r.flaw == brokenAggregate {
		message = slices.Concat(message, kpl.Record(len(users), "")) // its key is not in the table
	}
	return string(kpl.Seal(message))
}

// seconds returns the time at which the source took r.
func (r *sourceRecord) seconds() string {
	return fmt.Sprintf("%d.%03d", r.created.Unix(), r.created.UnixMilli()%1000)
}

// attribute returns the value of an attribute of text, in DynamoDB's JSON or in plain JSON.
func attribute(s string, plain bool) string {
	if plain {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf(`{"S":%q}`, s)
}

// item returns the new image of a change, or the keys if it has none.
func (r *sourceRecord) item(plain bool) string {
	return fmt.Sprintf(`{"id":%s,"n":%s}`, attribute(r.pk, plain), attribute(r.users[0].name, plain))
}

// keys returns the keys of a change.
func (r *sourceRecord) keys(plain bool) string {
	if r.imageless() {
		return r.item(plain)
	}
	return fmt.Sprintf(`{"n":%s,"id":%s}`, attribute(r.sk, plain), attribute(r.pk, plain))
}

// oldImage returns the old image of a change; "": none.
func (r *sourceRecord) oldImage(plain bool) string {
	switch {
	case r.source.keysOnly || r.action == "INSERT":
		return ""
	case r.source.namedKeys:
		return r.item(plain)
	case r.action == "REMOVE":
		return ""
	}
	return fmt.Sprintf(`{"id":%s}`, attribute(r.pk, plain))
}

// images returns the keys and images of a change, as members of an object.
func (r *sourceRecord) images(plain bool) string {
	all := `"Keys":` + r.keys(plain)
	if !r.imageless() {
		all += `,"NewImage":` + r.item(plain)
	}
	if old := r.oldImage(plain); old != "" {
		all += `,"OldImage":` + old
	}
	return all
}

// changeText returns a change with the given images as it stands in an event.
func (r *sourceRecord) changeText(images string) string {
	return fmt.Sprintf(`{"eventSource":"aws:dynamodb","eventSourceARN":%q,"eventName":%q,"dynamodb":{%s,"SequenceNumber":%q,"ApproximateCreationDateTime":%s}}`,
		r.source.arn, r.action, images, r.seq, r.seconds())
}

// text returns r as it stands in an event.
func (r *sourceRecord) text() string {
	switch r.source.kind {
	case event.DynamoDB:
		if r.flaw == unreadable {
			return r.changeText(`"Keys":3`)
		}
		return r.changeText(r.images(false))
	case event.SNS:
		message := fmt.Sprintf("%q", r.users[0].data)
		if r.flaw == unreadable {
			message = "3"
		}
		return fmt.Sprintf(`{"EventSource":"aws:sns","Sns":{"TopicArn":%q,"Message":%s,"MessageId":%q,"Timestamp":%q}}`,
			r.source.arn, message, r.seq, r.created.UTC().Format("2006-01-02T15:04:05.000Z"))
	case event.SQS:
		return r.messageText()
	case event.Kafka:
		return r.kafkaText()
	default:
		data := base64.StdEncoding.EncodeToString([]byte(r.data()))
		if r.flaw == unreadable {
			data = "!"
		}
		return fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"shardId-%s:%s","kinesis":`+
			`{"partitionKey":%q,"sequenceNumber":%q,"data":%q,"approximateArrivalTimestamp":%s}}`,
			r.source.arn, r.shard, r.seq, r.key, r.seq, data, r.seconds())
	}
}
