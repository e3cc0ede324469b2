package awsfake

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// snsBadParameter is SNS's code for a bad parameter.
const snsBadParameter = "InvalidParameter"

// messageEntries is the maximum number of messages in SendMessageBatch and PublishBatch.
const messageEntries = 10

// message is an entry of a batch of SQS or SNS.
type message struct {
	id, body   string
	attributes map[string]Attribute
	group      string
	dedup      string
	trace      string
}

// size counts a message as both services do: the body, and name, type and value of every
// attribute.
func (m *message) size() int {
	n := len(m.body)
	for name, a := range m.attributes {
		n += len(name) + len(a.Type) + len(a.Value)
	}
	return n
}

// verdict is the result of one message.
type verdict struct {
	id, code, message string // code is empty for an accepted message
}

var (
	entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	groupID = regexp.MustCompile("^[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]{1,128}$")
)

// batch checks the messages of a request. A failure is that of the whole request.
func batch(ms []message, total int) *failure {
	switch {
	case len(ms) == 0:
		return refusal("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(ms) > messageEntries:
		return refusal("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(ms))
	}
	seen, sum := make(map[string]bool), 0
	for i := range ms {
		m := &ms[i]
		if !entryID.MatchString(m.id) {
			return refusal("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores.")
		}
		if seen[m.id] {
			return refusal("BatchEntryIdsNotDistinct", "Id %s repeated.", m.id)
		}
		seen[m.id] = true
		sum += m.size()
	}
	if sum > total {
		return refusal("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", total, sum)
	}
	return nil
}

// judge takes the messages that are valid for destination and not refused. code is the
// service's code for a bad parameter.
func (s *Server) judge(destination, code string, ms []message, limit int, refuse map[int]string) []verdict {
	var kept []Record
	verdicts := make([]verdict, len(ms))
	for i := range ms {
		m, v := &ms[i], &verdicts[i]
		v.id = m.id
		if c, ok := refuse[i]; ok {
			v.code, v.message = c, "Internal service failure."
			continue
		}
		if code == snsBadParameter && m.size() > limit {
			v.code, v.message = code, "Invalid parameter: Message too long"
			continue
		}
		if v.message = m.fault(limit, destination); v.message != "" {
			v.code = code
			continue
		}
		kept = append(kept, Record{
			Data: []byte(m.body), Attributes: m.attributes, GroupID: m.group, DeduplicationID: m.dedup, Trace: m.trace,
		})
	}
	s.take(destination, kept)
	return verdicts
}

// fault returns the fault of a message, or "". Topics accept any number of attributes
// (SNS guide, Message attributes).
func (m *message) fault(limit int, destination string) string {
	fifo := strings.HasSuffix(destination, ".fifo")
	switch {
	case m.body == "":
		return "The request must contain the parameter MessageBody."
	case !xmlText(m.body):
		return "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
	case m.size() > limit:
		return fmt.Sprintf("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	case len(m.attributes) > 10 && strings.HasPrefix(destination, "sqs/"):
		return "Number of message attributes exceeds the allowed maximum [10]."
	case fifo && m.group == "":
		return "The request must contain the parameter MessageGroupId."
	case fifo && m.dedup == "":
		return "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
	case m.group != "" && !groupID.MatchString(m.group):
		return "Value " + m.group + " for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
	case !fifo && m.dedup != "":
		return "Value " + m.dedup + " for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."
	case m.dedup != "" && !groupID.MatchString(m.dedup):
		return "Value " + m.dedup + " for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length."
	}
	for name, a := range m.attributes {
		kind, _, _ := strings.Cut(a.Type, ".")
		switch {
		case a.Value == "":
			return "Message (user) attribute '" + name + "' must contain a non-empty value of type '" + a.Type + "'."
		case kind != "String" && kind != "Number" && kind != "Binary":
			return "The type of message (user) attribute '" + name + "' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
		case kind != "Binary" && !xmlText(a.Value):
			return "Invalid characters found in the value of message (user) attribute '" + name + "'."
		}
	}
	return ""
}

// xmlText reports whether s has only characters of XML 1.0 (section 2.2).
func xmlText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
