package sinks

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"fanout/engine"
)

// messageEntries is how many messages SendMessageBatch and PublishBatch take.
const messageEntries = 10

// What SQS and SNS have in common: a message is text of characters that XML 1.0
// allows, has attributes with a type, and in a FIFO queue or topic a group and a
// deduplication id. Its size is that of its body and of the name, type and value of
// every attribute.

// emptyBody stands for no data, in base64: both services refuse an empty message,
// and line breaks are not part of what base64 text stands for (RFC 2045, section 6.8).
const emptyBody = "\n"

// message returns data as the text of a message, in base64 unless it is plain.
func message(p engine.Payload) []byte {
	switch {
	case p.Len() == 0:
		return []byte(emptyBody)
	case plain(p):
		return p.Bytes()
	}
	return p.Text()
}

// plain reports whether p can be the text of a message as it is.
func plain(p engine.Payload) bool { return p.Len() > 0 && p.IsText() }

// isText reports whether s consists of characters that XML 1.0 allows (section 2.2).
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

// bodySize is how long the text of a message with data is.
func bodySize(p engine.Payload) int {
	switch {
	case p.Len() == 0:
		return len(emptyBody)
	case plain(p):
		return p.Len()
	}
	return p.TextLen()
}

// only returns the one record that r carries, or nil if there are more.
func only(r *engine.Record) *engine.Record {
	for r.Parts() != nil {
		if len(r.Parts()) != 1 {
			return nil
		}
		r = &r.Parts()[0]
	}
	return r
}

// groupID returns the message group of r: its key, in a form that FIFO takes.
func groupID(r *engine.Record) string { return token(r.Key) }

// maxToken bounds the ids of message groups and of deduplication.
const maxToken = 128

// token returns s if it can be the id of a message group or of deduplication, that
// is, if it has 1 to 128 characters of visible ASCII; otherwise its SHA-256 in hex.
func token(s string) string {
	ok := s != "" && len(s) <= maxToken
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] > ' ' && s[i] < 0x7F
	}
	if !ok {
		return sha256Hex([]byte(s))
	}
	return s
}

// entryID is the id of message i of a request.
func entryID(i int) *string {
	id := strconv.Itoa(i)
	return &id
}

// entries gathers what an answer says about the n messages of a request.
type entries struct {
	sink  string
	fates []error
}

// newEntries takes nothing as acknowledged.
func newEntries(sink string, n int) *entries {
	e := &entries{sink, make([]error, n)}
	open := unacknowledged(sink)
	for i := range e.fates {
		e.fates[i] = open
	}
	return e
}

// taken books an acknowledgement. An id that was not sent says nothing.
func (e *entries) taken(id *string) {
	if i, ok := e.index(id); ok {
		e.fates[i] = nil
	}
}

// refused books a refusal. A sender's fault that is not known to pass does not.
func (e *entries) refused(id, code, message *string, senderFault bool) {
	i, ok := e.index(id)
	if !ok {
		return
	}
	e.fates[i] = classifyEntry(e.sink, deref(code), deref(message), senderFault)
}

// index returns the message that was sent with id, exactly as it was written: +1 and 01
// are ids of no message.
func (e *entries) index(id *string) (int, bool) {
	i, err := strconv.Atoi(deref(id))
	return i, err == nil && i >= 0 && i < len(e.fates) && strconv.Itoa(i) == *id
}

// outcome returns what was gathered.
func (e *entries) outcome() (o engine.Outcome) {
	for i, err := range e.fates {
		if err != nil {
			o.Fail(i, err)
		}
	}
	return o
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
