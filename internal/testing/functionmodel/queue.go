package functionmodel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanout/internal/testing/modelkit"
	"fanout/lambda/event"
)

// queueARNs are the forms of the ARNs of a standard and of a FIFO queue.
var queueARNs = []string{"arn:aws:sqs:eu-west-1:123456789012:model%d", "arn:aws:sqs:eu-west-1:123456789012:model%d.fifo"}

// fifo reports whether s is a FIFO queue. It has a reader for each message group.
func (s *source) fifo() bool { return event.IsFIFO(s.arn) }

// standard reports whether s is a queue without order.
func (s *source) standard() bool { return s.kind == event.SQS && !s.fifo() }

// queue gives r what a message of a queue has: an id, a message group, and an attribute.
func (r *sourceRecord) queue() {
	r.tag, r.id = r.users[0].key, "id-"+r.seq
	switch {
	case r.source.fifo():
		r.group = "group" + r.shard
	case r.source.fair:
		r.group, r.seq = r.tag, r.id
	default:
		r.seq = r.id
	}
	r.users[0].key = r.group
	if r.group == "" {
		r.users[0].key = r.id
	}
}

// identifier returns how an answer names r.
func (r *sourceRecord) identifier() string {
	if r.source.kind == event.SQS {
		return r.id
	}
	return r.seq
}

// messageText returns a message as it stands in an event, now that it was received so often.
func (r *sourceRecord) messageText() string {
	body := fmt.Sprintf("%q", r.users[0].data)
	if r.flaw == unreadable {
		body = "3"
	}
	own := ""
	if r.group != "" {
		own += fmt.Sprintf(`,"MessageGroupId":%q`, r.group)
	}
	if r.source.fifo() {
		own += fmt.Sprintf(`,"SequenceNumber":%q`, r.seq)
	}
	return fmt.Sprintf(`{"messageId":%q,"receiptHandle":"receipt %d","body":%s,"attributes":{"ApproximateReceiveCount":"%[2]d","SentTimestamp":"%[4]d"%[5]s},`+
		`"messageAttributes":{"tag":{"stringValue":%[6]q,"dataType":"String"}},"eventSource":"aws:sqs","eventSourceARN":%[7]q}`,
		r.id, r.received, body, r.created.UnixMilli(), own, r.tag, r.source.arn)
}

// receive notes that a queue hands out the messages of v.
func (w *world) receive(v *invocation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range v.records {
		if r.source.kind == event.SQS {
			r.received++
			w.records[r.text()] = r
		}
	}
}

// settle deletes the messages of r's batch that come not again. A queue gives a message up when it
// has been received too often, or is too old. A standard queue has no order, and may hand out a
// message that it has deleted.
func (w *world) settle(r *reader, again func(*sourceRecord) bool) {
	s := r.source
	var kept []*sourceRecord
	for _, rec := range r.batch() {
		expired := s.maxAge > 0 && time.Since(rec.created) > s.maxAge
		switch {
		case !again(rec):
			w.forget(rec)
			if s.standard() && rec.received < 3 && w.OneIn(20) {
				w.repeat(rec)
				kept = append(kept, rec)
			}
		case s.maxRetries >= 0 && rec.received > s.maxRetries || expired:
			w.Count("records given up", 1)
			rec.givenUp = true
		default:
			kept = append(kept, rec)
		}
	}
	if r.failed++; len(kept) < r.size {
		r.failed = 0
	}
	r.rest, r.size = append(kept, r.rest[r.size:]...), 0
	if s.standard() {
		rest := slices.Clone(r.rest)
		for i, k := range w.Perm(len(rest)) {
			r.rest[i] = rest[k]
		}
	}
}

// forget notes that the function forgets a message.
func (w *world) forget(r *sourceRecord) {
	for _, t := range r.source.targets {
		delete(t.held, r)
	}
}

// repeat allows a message to come to all targets again.
func (w *world) repeat(r *sourceRecord) {
	w.Count("messages handed out twice", 1)
	for _, t := range r.source.targets {
		for _, p := range t.parts(r) {
			t.allowRepeat(p.names...)
		}
	}
}

// judgeMessages checks that the answer names the messages of r's batch that some target lacks, and
// of a FIFO queue all that are behind one of them.
func (w *world) judgeMessages(v *invocation, r *reader, lacking map[*sourceRecord]bool) {
	named, due := w.named(v), false
	for _, rec := range r.batch() {
		due = lacking[rec] || due && r.source.fifo()
		switch is := slices.Contains(named, rec.id); {
		case due && !is:
			w.Broken(answeredQueue, "the answer %s does not name message %s", v.answer, rec.id)
		case !due && is:
			w.Broken(answeredQueue, "the answer %s names message %s, which need not come again", v.answer, rec.id)
		}
	}
}

// nameOnlyFirst removes from an answer all but the first of the messages that it names.
func nameOnlyFirst(answer []byte) []byte {
	first, rest, found := strings.Cut(string(answer), "},{")
	if !found || rest == "" {
		return answer
	}
	return []byte(first + "}]}")
}

// answeredQueue is the promise about answers to events of queues.
const answeredQueue modelkit.Promise = "The answer names the messages of a queue, and the records of a Kafka topic, that some target lacks, and of a FIFO queue also those behind them in their group, and no others; or it is an error if it cannot name them."
