package functionmodel

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fanout/lambda/event"
)

// lane returns the topic and partition of r, a record of Kafka.
func (r *sourceRecord) lane() string { return "model-" + strings.ReplaceAll(r.shard, ".", "") }

// kafkaText returns a record of Kafka as it stands in an event. Its note tells it from records with
// the same offset in other topics.
func (r *sourceRecord) kafkaText() string {
	value := `"` + base64.StdEncoding.EncodeToString([]byte(r.data())) + `"`
	if r.flaw == unreadable {
		value = "3"
	}
	return fmt.Sprintf(`{"topic":"model","offset":%s,"timestamp":%d,"timestampType":"CREATE_TIME","key":%q,"value":%s,"headers":[],"note":%q}`,
		r.seq, r.created.UnixMilli(), base64.StdEncoding.EncodeToString([]byte(r.key)), value, r.users[0].name)
}

// kafkaEvent returns the event of v, whose records are of one topic.
func (v *invocation) kafkaEvent() []byte {
	var lanes []string
	texts := make(map[string][]string)
	for _, r := range v.records {
		if texts[r.lane()] == nil {
			lanes = append(lanes, r.lane())
		}
		texts[r.lane()] = append(texts[r.lane()], r.text())
	}
	for i, lane := range lanes {
		lanes[i] = fmt.Sprintf(`%q:[%s]`, lane, strings.Join(texts[lane], ","))
	}
	servers, _, _ := strings.Cut(strings.TrimPrefix(v.records[0].source.arn, "kafka://"), "/")
	return fmt.Appendf(nil, `{"eventSource":"SelfManagedKafka","bootstrapServers":%q,"records":{%s}}`, servers, strings.Join(lanes, ","))
}

// itemJSON returns how an answer names r, as JSON.
func (r *sourceRecord) itemJSON() string {
	if r.source.kind == event.Kafka {
		return fmt.Sprintf(`{"partition":%q,"offset":%s}`, r.lane(), r.seq)
	}
	return fmt.Sprintf("%q", r.identifier())
}

// itemName returns the sequence number or the id in an item of an answer.
func itemName(item json.RawMessage) (name string, err error) {
	if json.Unmarshal(item, &name) == nil {
		return name, nil
	}
	var of struct{ Offset json.Number }
	err = json.Unmarshal(item, &of)
	return of.Offset.String(), err
}

// judgeOffsets checks that the answer names the records of r's batch that some target lacks, and no
// others: Lambda retries just the ones that are named.
func (w *world) judgeOffsets(v *invocation, r *reader, lacking map[*sourceRecord]bool) {
	named := w.named(v)
	for _, rec := range r.batch() {
		if is := slices.Contains(named, rec.seq); is != lacking[rec] {
			w.Broken(answeredQueue, "the answer %s names record %s: %v; want %v", v.answer, rec.seq, is, lacking[rec])
		}
	}
}
