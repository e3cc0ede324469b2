package lambda

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// modelSource is a stream or topic, its targets and its event source mapping.
type modelSource struct {
	arn      string
	kind     event.Kind
	specs    []target.Loaded
	targets  map[string]*modelTarget
	cursors  []*cursor
	unread   int  // times that its targets cannot be read
	alike    bool // it numbers shards and records as others do
	careless bool // some records have no sequence number, or that of the record before
	emptied  int  // times that the table has no targets of it
	keysOnly bool // the view of a table's stream has no images
	mapping
}

var modelARN = map[event.Kind]string{
	event.Kinesis:  "arn:aws:kinesis:eu-west-1:123456789012:stream/model%d",
	event.DynamoDB: "arn:aws:dynamodb:eu-west-1:123456789012:table/Model%d/stream/2026-01-01T00:00:00.000",
	event.SNS:      "arn:aws:sns:eu-west-1:123456789012:model%d",
}

func (m *model) newSource(i int) *modelSource {
	s := &modelSource{kind: event.Kinesis, targets: map[string]*modelTarget{}, mapping: m.newMapping()}
	if m.chance(3) {
		s.kind = event.DynamoDB + event.Kind(m.rnd.IntN(2))
	}
	s.arn = fmt.Sprintf(modelARN[s.kind], i)
	if m.chance(4) {
		s.unread = m.rnd.IntN(5)
	}
	if m.chance(4) {
		s.emptied = m.rnd.IntN(3)
	}
	s.keysOnly = s.kind == event.DynamoDB && m.chance(3)
	s.alike = m.alike
	if s.careless = s.kind != event.SNS && m.chance(4); s.careless {
		s.bisect = false // it would part records of one number
	}
	m.newTargets(s)
	for shard := range 1 + m.rnd.IntN(3) {
		var recs []*modelRecord
		for n := range m.rnd.IntN(25) {
			recs = append(recs, m.newRecord(s, fmt.Sprintf("%d.%d", i, shard), n))
		}
		m.misnumber(s, recs)
		factor := 1
		if s.kind == event.Kinesis && !s.careless && m.chance(4) {
			factor = 2 + m.rnd.IntN(3)
		}
		s.cursors = append(s.cursors, s.parallelize(recs, factor)...)
		for _, r := range recs {
			for _, t := range s.targets {
				if fate, sure := t.expected(r, t.due(r, "", map[string]bool{})); t.spec.Active && s.retries < 0 && (!sure || fate == engine.FateFailed) {
					s.retries = 8 // or it would hold up its shard for ever
				}
			}
		}
	}
	return s
}

// parallelize parts the records of a shard by their key, as a mapping with a
// ParallelizationFactor does.
func (s *modelSource) parallelize(recs []*modelRecord, factor int) []*cursor {
	parts := make([]*cursor, factor)
	for i := range parts {
		parts[i] = &cursor{source: s}
	}
	for _, r := range recs {
		p := parts[int(r.key[len(r.key)-1])%factor]
		p.shard, p.all = r.shard, append(p.all, r)
		p.left = p.all
	}
	return parts
}

// modelRecord is a source record.
type modelRecord struct {
	source *modelSource
	shard  string
	seq    string
	key    string
	users  []modelUser // in an aggregate; otherwise one
	kpl    bool
	action string    // of DynamoDB
	pk, sk string    // the same: values of the key attributes
	flaw   flaw      // what is wrong with it
	born   time.Time // when the source took it

	givenUp bool // by the mapping, after its retries
}

// flaw is the reason why a record can never be delivered, or cannot be deaggregated.
type flaw uint8

const (
	sound flaw = iota
	unreadable
	broken // an aggregate with a valid checksum over invalid content
)

// modelUser is a record as the user put it: data with a token that names it.
type modelUser struct{ key, token, data string }

func (m *model) newRecord(s *modelSource, shard string, i int) *modelRecord {
	r := &modelRecord{
		source: s, shard: shard, seq: fmt.Sprintf("%s%05d", strings.ReplaceAll("9"+shard, ".", ""), 98+i), action: "INSERT",
		kpl: s.kind == event.Kinesis && m.chance(4), born: time.Now().Add(-time.Duration(m.rnd.IntN(120)) * time.Second),
	}
	n := 1
	if r.kpl {
		n += m.rnd.IntN(4)
	}
	for k := range n {
		u := modelUser{key: fmt.Sprint("key", m.rnd.IntN(5)), token: fmt.Sprintf("(%s.%05d.%d)", shard, i, k)}
		u.data = u.token + strings.Repeat("x", m.rnd.IntN(30))
		if m.chance(3) {
			u.data = `{"n":"` + u.data + `"}`
		}
		r.users = append(r.users, u)
	}
	r.key = r.users[0].key
	if s.kind == event.SNS {
		r.seq = "id-" + r.seq
		r.key, r.users[0].key = r.seq, r.seq
	}
	if s.kind == event.DynamoDB {
		r.action = []string{"INSERT", "MODIFY", "REMOVE"}[m.rnd.IntN(3)]
		r.pk, r.sk = m.hostile(), m.hostile()
		r.users[0].data = r.image()
		if r.imageless() {
			r.sk = r.users[0].token
		}
		r.key = r.pk + "\x00" + r.sk
		r.users[0].key = r.key
	}
	if s.alike {
		r.shard = r.shard[strings.IndexByte(r.shard, '.')+1:]
		r.seq = strings.Replace(r.seq, strings.ReplaceAll(shard, ".", ""), r.shard, 1)
		if s.kind == event.SNS {
			r.key, r.users[0].key = r.seq, r.seq
		}
	}
	if m.chance(30) {
		r.flaw = unreadable
	} else if r.kpl && m.chance(10) {
		r.flaw = broken
	}
	return r
}

// misnumber takes sequence numbers away from records of a careless source, and gives some
// that of the record before.
func (m *model) misnumber(s *modelSource, recs []*modelRecord) {
	for i, r := range recs {
		switch {
		case !s.careless:
		case m.chance(4):
			r.seq = ""
		case i > 0 && recs[i-1].seq != "" && m.chance(4):
			r.seq = recs[i-1].seq
		}
		m.records[r.text()] = r
	}
}

// numbered reports whether r has the sequence number of another record.
func (r *modelRecord) numbered(other *modelRecord) bool { return r.seq != "" && r.seq == other.seq }

// record returns the source record that r, which is not merged, came of.
func (m *model) record(r *engine.Record) *modelRecord { return m.records[string(r.Raw)] }

// imageless reports whether r, a change of an item, has no more than the item's keys.
func (r *modelRecord) imageless() bool { return r.action == "REMOVE" || r.source.keysOnly }

// image is a new image, or the keys of a record that was removed.
func (r *modelRecord) image() string {
	return fmt.Sprintf(`{"id":{"S":%q},"n":{"S":"%s"}}`, r.pk, r.users[0].token)
}

// hostile draws the value of a key attribute, of characters that keys are joined with.
func (m *model) hostile() string {
	return []string{"", "a", `a\`, `|`, `a|\`, `\|`}[m.rnd.IntN(6)]
}

// data is the data of the source record.
func (r *modelRecord) data() string {
	if !r.kpl {
		return r.users[0].data
	}
	if r.flaw == broken {
		return string(aggregateWith(r.users, len(r.users))) // there is no such key
	}
	return string(aggregateOf(r.users))
}

// aggregateOf is a KPL aggregate of user records.
func aggregateOf(users []modelUser) []byte { return aggregateWith(users, 0) }

// aggregateWith is one whose user records have keys so far from their own in the table
// of keys.
func aggregateWith(users []modelUser, off int) []byte {
	var b []byte
	for _, u := range users {
		b = protowire.AppendString(protowire.AppendTag(b, 1, protowire.BytesType), u.key)
	}
	for i, u := range users {
		c := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(i+off))
		c = protowire.AppendString(protowire.AppendTag(c, 3, protowire.BytesType), u.data)
		b = protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), c)
	}
	sum := md5.Sum(b)
	return slices.Concat([]byte("\xf3\x89\x9a\xc2"), b, sum[:])
}

// text is the record as it stands in an event.
func (r *modelRecord) text() string {
	arrived := fmt.Sprintf("%d.%03d", r.born.Unix(), r.born.UnixMilli()%1000)
	switch r.source.kind {
	case event.DynamoDB:
		image := fmt.Sprintf(`"Keys":{"n":{"S":%q},"id":{"S":%q}},"NewImage":%s`, r.sk, r.pk, r.users[0].data)
		if r.imageless() {
			image = `"Keys":` + r.users[0].data
		}
		if r.flaw == unreadable {
			image = `"Keys":3`
		}
		return fmt.Sprintf(`{"eventSource":"aws:dynamodb","eventSourceARN":%q,"eventName":%q,"dynamodb":{%s,"SequenceNumber":%q,"ApproximateCreationDateTime":%s}}`,
			r.source.arn, r.action, image, r.seq, arrived)
	case event.SNS:
		message := fmt.Sprintf("%q", r.users[0].data)
		if r.flaw == unreadable {
			message = "3"
		}
		return fmt.Sprintf(`{"EventSource":"aws:sns","Sns":{"TopicArn":%q,"Message":%s,"MessageId":%q,"Timestamp":%q}}`,
			r.source.arn, message, r.seq, r.born.UTC().Format("2006-01-02T15:04:05.000Z"))
	default:
		data := base64.StdEncoding.EncodeToString([]byte(r.data()))
		if r.flaw == unreadable {
			data = "!"
		}
		return fmt.Sprintf(`{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"shardId-%s:%s","kinesis":`+
			`{"partitionKey":%q,"sequenceNumber":%q,"data":%q,"approximateArrivalTimestamp":%s}}`,
			r.source.arn, r.shard, r.seq, r.key, r.seq, data, arrived)
	}
}

// inBase64 is a part of a collapsed message that is not text.
var inBase64 = regexp.MustCompile(`\{"\$base64":"([^"]*)"\}`)

// tokensOf returns the tokens in what a target got, in order, as it is or in base64.
func tokensOf(data string) (all []string) {
	data = inBase64.ReplaceAllStringFunc(data, func(part string) string {
		b, err := base64.StdEncoding.DecodeString(inBase64.FindStringSubmatch(part)[1])
		if err != nil {
			return part
		}
		return string(b)
	})
	for _, part := range strings.Split(data, "(")[1:] {
		if end := strings.IndexByte(part, ')'); end >= 0 {
			all = append(all, "("+part[:end+1])
		}
	}
	if all != nil {
		return all
	}
	for _, word := range strings.FieldsFunc(data, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '='
	}) {
		if b, err := base64.StdEncoding.DecodeString(word); err == nil && len(b) > 8 {
			all = append(all, tokensOf(string(b))...)
		}
	}
	return all
}
