package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fanout/engine"
)

// flat is a record as tests compare it.
type flat struct {
	Key, HashKey, Data, Lane, Seq, Action, Raw string
	Arrived                                    int64
	Bad                                        bool
	Message                                    Message
}

type flatBatch struct {
	Source  string
	Kind    Kind
	Records []flat
}

func flatten(batches []Batch) (all []flatBatch) {
	for _, b := range batches {
		f := flatBatch{b.SourceARN, b.Kind, nil}
		for i, r := range b.Records {
			f.Records = append(f.Records, flatRecord(&r))
			if b.Kind == SQS {
				f.Records[i].Message = b.Messages[i]
			}
		}
		all = append(all, f)
	}
	return all
}

func flatRecord(r *engine.Record) flat {
	return flat{
		Key: r.Key, HashKey: r.HashKey, Data: string(r.Data.Bytes()), Lane: r.Lane, Seq: r.Seq, Action: r.Action,
		Raw: string(r.Raw), Arrived: r.Arrived, Bad: r.Data.Err() != nil,
	}
}

// members is an object as encoding/json sees it: of several members with one
// name, the last counts.
type members map[string]json.RawMessage

func asObject(raw json.RawMessage) members {
	var m members
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// text returns a member that is a string.
func (m members) text(name string) (s string, isText bool) {
	var p *string
	if err := json.Unmarshal(m[name], &p); err != nil || p == nil {
		return "", false
	}
	return *p, true
}

func (m members) given(name string) bool { return m[name] != nil && string(m[name]) != "null" }

// optional returns a member that is a string or not there.
func (m members) optional(name string, bad *bool) string {
	s, isText := m.text(name)
	*bad = *bad || !isText && m.given(name)
	return s
}

var errReference = errors.New("refused")

// reference decodes like Decode, with encoding/json.
func reference(data []byte) ([]flatBatch, error) {
	event := asObject(data)
	if source, _ := event.text("eventSource"); event["Records"] == nil && json.Valid(data) && (source == "aws:kafka" || source == "SelfManagedKafka") {
		return referenceKafka(event, source)
	}
	if !json.Valid(data) || event == nil || event["Records"] == nil {
		return nil, errReference
	}
	var records []json.RawMessage
	if json.Unmarshal(event["Records"], &records) != nil {
		return nil, errReference
	}
	var batches []flatBatch
	for _, raw := range records {
		kind, arn, r := referenceRecord(raw)
		if arn == "" {
			return nil, errReference
		}
		r.Raw = string(raw)
		i := slices.IndexFunc(batches, func(b flatBatch) bool { return b.Source == arn && b.Kind == kind })
		if i < 0 {
			i = len(batches)
			batches = append(batches, flatBatch{Source: arn, Kind: kind})
		}
		batches[i].Records = append(batches[i].Records, r)
	}
	for _, b := range batches {
		referenceIdentity(b.Records)
	}
	return batches, nil
}

// referenceIdentity marks every record without a number, or with the number of another
// record of its lane.
func referenceIdentity(recs []flat) {
	before := slices.Clone(recs)
	for i, r := range before {
		alike := func(o flat) bool { return o.Lane == r.Lane && o.Seq == r.Seq }
		equal := func(o flat) bool { return alike(o) && o.Raw == r.Raw }
		if r.Seq != "" && slices.IndexFunc(before, alike) == i && !slices.ContainsFunc(before[i+1:], alike) {
			continue
		}
		sum := sha256.Sum256([]byte(r.Raw))
		recs[i].Seq = fmt.Sprintf("%s/%x", r.Seq, sum[:16])
		n := 1
		for _, o := range before[:i] {
			if equal(o) {
				n++
			}
		}
		if n > 1 {
			recs[i].Seq += fmt.Sprint("-", n)
		}
	}
}

func referenceRecord(raw json.RawMessage) (kind Kind, arn string, r flat) {
	m := asObject(raw)
	source, ok := m.text("eventSource")
	if !ok && !m.given("eventSource") {
		source, _ = m.text("EventSource")
	}
	arn, _ = m.text("eventSourceARN")
	data, hasData := "", false
	switch source {
	case "aws:kinesis":
		kind = Kinesis
		k := asObject(m["kinesis"])
		id := m.optional("eventID", &r.Bad)
		r.Lane, _, _ = strings.Cut(id, ":")
		r.Lane = cmp.Or(r.Lane, "unknown-shard")
		r.Key = k.optional("partitionKey", &r.Bad)
		r.HashKey = k.optional("explicitHashKey", &r.Bad)
		r.Seq = k.optional("sequenceNumber", &r.Bad)
		if _, number, _ := strings.Cut(id, ":"); r.Seq == "" && regexp.MustCompile(`^[0-9]+$`).MatchString(number) {
			r.Seq = number
		}
		r.Action, r.Arrived = "PUT", referenceMillis(k["approximateArrivalTimestamp"])
		var text string
		text, hasData = k.text("data")
		b, err := base64.StdEncoding.DecodeString(text)
		hasData = hasData && err == nil && !strings.ContainsAny(text, "\r\n")
		data = string(b)
	case "aws:dynamodb":
		kind = DynamoDB
		s := asObject(m["dynamodb"])
		r.Lane, r.Arrived = arn, referenceMillis(s["ApproximateCreationDateTime"])
		r.Seq = s.optional("SequenceNumber", &r.Bad)
		r.Key, ok = referenceKey(asObject(s["Keys"]))
		r.Bad = r.Bad || !ok
		name, _ := m.text("eventName")
		if slices.Contains([]string{"INSERT", "MODIFY", "REMOVE"}, name) {
			r.Action = name
		}
		image := s["NewImage"]
		if name == "REMOVE" || !s.given("NewImage") {
			image = s["Keys"]
		}
		data, hasData = string(image), r.Action != "" && asObject(image) != nil
	case "aws:sns":
		kind = SNS
		s := asObject(m["Sns"])
		arn, _ = s.text("TopicArn")
		r.Key = s.optional("MessageId", &r.Bad)
		r.Seq = s.optional("SequenceNumber", &r.Bad)
		if r.Seq == "" {
			r.Seq = r.Key
		}
		r.Lane, r.Action = arn, "NOTIFICATION"
		stamp, _ := s.text("Timestamp")
		if t, err := time.Parse(time.RFC3339, stamp); err == nil {
			r.Arrived = max(t.UnixMilli(), 0)
		}
		data, hasData = s.text("Message")
	case "aws:sqs":
		kind = SQS
		a := asObject(m["attributes"])
		id, group := m.optional("messageId", &r.Bad), a.optional("MessageGroupId", &r.Bad)
		r.Key, r.Seq, r.Lane, r.Action = cmp.Or(group, id), id, arn, "MESSAGE"
		if strings.HasSuffix(arn, ".fifo") {
			r.Seq, r.Lane = cmp.Or(a.optional("SequenceNumber", &r.Bad), id), cmp.Or(group, arn)
		}
		count, _ := a.text("ApproximateReceiveCount")
		r.Message = Message{id, count != "1"}
		sent, _ := a.text("SentTimestamp")
		if n, err := strconv.ParseInt(sent, 10, 64); err == nil && time.UnixMilli(n).UTC().Year() < 10000 {
			r.Arrived = max(n, 0)
		}
		data, hasData = m.text("body")
	default:
		return 0, "", r
	}
	if r.Bad = r.Bad || !hasData; !r.Bad {
		r.Data = data
	}
	return kind, arn, r
}

func referenceKey(keys members) (string, bool) {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		dec := json.NewDecoder(strings.NewReader(string(keys[name])))
		_, _ = dec.Token()
		text, ok := "", false
		for dec.More() { // in order, since the last of S, N and B counts
			kind, err := dec.Token()
			var v json.RawMessage
			if err != nil || dec.Decode(&v) != nil {
				break
			}
			if kind == "S" || kind == "N" || kind == "B" {
				text, ok = members{"": v}.text("")
			}
		}
		if !ok {
			return "", false
		}
		parts = append(parts, text)
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	for i := range parts {
		parts[i] = strings.NewReplacer(`\`, `\\`, "|", `\|`).Replace(parts[i])
	}
	return strings.Join(parts, "|"), len(parts) > 0
}

func referenceMillis(raw json.RawMessage) int64 {
	var n json.Number
	if len(raw) == 0 || raw[0] == '"' || json.Unmarshal(raw, &n) != nil || raw[0] == '-' {
		return 0
	}
	if f, _ := n.Float64(); f < 1e-4 || f > 1e15 {
		return 0
	}
	seconds, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return 0
	}
	ms := seconds.Mul(seconds, big.NewRat(1000, 1))
	whole := new(big.Int).Quo(ms.Num(), ms.Denom())
	if !whole.IsInt64() || whole.Int64() > maxMillis {
		return 0
	}
	return whole.Int64()
}
