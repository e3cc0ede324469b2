// Package message has what SQS and SNS share: the form of messages, their attributes, and
// the results of a request.
package message

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"fanout/engine"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/ids"
)

// MaxEntries is the maximum number of messages in SendMessageBatch and PublishBatch.
const MaxEntries = 10

// SQS and SNS have in common that a message is text of characters that XML 1.0 allows,
// has typed attributes, and in a FIFO queue or topic has a group and a deduplication id.
// Its size is that of its body and of the name, type and value of every attribute.

// emptyBody is the base64 of empty data. Both services refuse an empty message, and
// base64 decoders ignore line breaks (RFC 2045, section 6.8).
const emptyBody = "\n"

// Text returns data as the text of a message, in base64 unless it is plain.
func Text(p engine.Payload) []byte {
	switch {
	case p.Len() == 0:
		return []byte(emptyBody)
	case plain(p):
		return p.Bytes()
	}
	return p.Text()
}

// plain reports whether p can be the text of a message unchanged.
func plain(p engine.Payload) bool { return p.Len() > 0 && p.IsText() }

// isText reports whether s has only characters that XML 1.0 allows (section 2.2).
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

// bodySize returns the length of the message text for p.
func bodySize(p engine.Payload) int {
	switch {
	case p.Len() == 0:
		return len(emptyBody)
	case plain(p):
		return p.Len()
	}
	return p.TextLen()
}

// GroupID returns the message group of r: its key, in a form that FIFO accepts.
func GroupID(r *engine.Record) string { return ids.Token(r.Key) }

// Results collects the results of the n messages of a request.
type Results struct {
	sink  string
	fates []error
}

// NewResults returns the results of n messages before the answer: none is acknowledged.
func NewResults(sink string, n int) *Results {
	r := &Results{sink, make([]error, n)}
	open := classify.Unacknowledged(sink)
	for i := range r.fates {
		r.fates[i] = open
	}
	return r
}

// Entry is the result of one message in an answer.
type Entry struct {
	ID            string `xml:"Id"`
	Code, Message string // of a refusal
	SenderFault   bool   // it is permanent unless it is known to pass
}

// Add adds results. Unknown ids are ignored, and a refusal weighs more.
func (r *Results) Add(taken, refused []Entry) {
	for i := range taken {
		if k, ok := r.index(taken[i].ID); ok {
			r.fates[k] = nil
		}
	}
	for i := range refused {
		e := &refused[i]
		if k, ok := r.index(e.ID); ok {
			r.fates[k] = classify.Entry(r.sink, e.Code, e.Message, e.SenderFault)
		}
	}
}

// index returns the message that was sent with id. The id must be exactly as sent: +1 and
// 01 belong to no message.
func (r *Results) index(id string) (int, bool) {
	i, err := strconv.Atoi(id)
	return i, err == nil && i >= 0 && i < len(r.fates) && strconv.Itoa(i) == id
}

// Outcome returns the results collected so far.
func (r *Results) Outcome() (o engine.Outcome) {
	for i, err := range r.fates {
		if err != nil {
			o.Fail(i, err)
		}
	}
	return o
}
