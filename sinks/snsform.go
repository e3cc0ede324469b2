package sinks

import (
	"encoding/base64"
	"slices"
	"strconv"

	"fanout/engine"
)

// snsList is the name of a request's list in the AWS query protocol.
const snsList = "PublishBatchRequestEntries"

// append appends the messages of a request as fields of a form, sorted by name like the
// SDK's: message 10 comes before message 2.
func (s *SNS) append(b *body, batch []engine.Record) {
	var buf [messageEntries]string
	numbers := buf[:0]
	for i := range batch {
		numbers = append(numbers, strconv.Itoa(i+1))
	}
	slices.Sort(numbers)
	for k, number := range numbers {
		if k > 0 {
			b.text("&")
		}
		i, _ := strconv.Atoi(number)
		s.appendMessage(b, &batch[i-1], i)
	}
}

// appendMessage appends message n, counted from 1.
func (s *SNS) appendMessage(b *body, r *engine.Record, n int) {
	name := string(strconv.AppendInt([]byte(snsList+".member."), int64(n), 10)) + "."
	b.text(name + "Id=" + strconv.Itoa(n-1))
	b.text("&" + name + "Message=")
	b.own = appendForm(b.own, message(r.Data))
	var buf [3]attribute
	for k, a := range s.form.attributes(buf[:0], r) {
		entry := name + "MessageAttributes.entry." + strconv.Itoa(k+1) + "."
		b.text("&" + entry + "Name=")
		b.own = appendForm(b.own, a.name)
		if a.binary() {
			b.text("&" + entry + "Value.BinaryValue=")
			b.own = appendForm(b.own, base64.StdEncoding.AppendEncode(nil, []byte(a.value)))
			b.text("&" + entry + "Value.DataType=")
			b.own = appendForm(b.own, a.kind)
			continue
		}
		b.text("&" + entry + "Value.DataType=")
		b.own = appendForm(b.own, a.kind)
		b.text("&" + entry + "Value.StringValue=")
		b.own = appendForm(b.own, a.value)
	}
	if s.fifo {
		b.text("&" + name + "MessageDeduplicationId=")
		b.own = appendForm(b.own, s.origin.dedupID(r))
		b.text("&" + name + "MessageGroupId=")
		b.own = appendForm(b.own, groupID(r))
	}
	if subject := subjectOf(r); subject != "" {
		b.text("&" + name + "Subject=")
		b.own = appendForm(b.own, subject)
	}
}

// appendForm appends s as a value of a form, with the same result as url.QueryEscape.
func appendForm[T string | []byte](b []byte, s T) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case inForm[c]:
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// inForm has the bytes that need no escape in a value of a form.
var inForm = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~") {
		t[c] = true
	}
	return t
}()
