package sns

import (
	"encoding/base64"
	"slices"
	"strconv"

	"fanout/engine"
	"fanout/sinks/internal/message"
	"fanout/sinks/internal/request"
)

// entriesField is the name of a request's list in the AWS query protocol.
const entriesField = "PublishBatchRequestEntries"

// append appends a request as fields of a form, sorted by name like the
// SDK's: message 10 comes before message 2.
func (s *Sink) append(b *request.Body, batch []engine.Record, own []message.Filled) {
	var buf [message.MaxEntries]string
	numbers := buf[:0]
	for i := range batch {
		numbers = append(numbers, strconv.Itoa(i+1))
	}
	slices.Sort(numbers)
	b.Text("Action=PublishBatch")
	for _, number := range numbers {
		b.Text("&")
		i, _ := strconv.Atoi(number)
		s.appendMessage(b, &batch[i-1], &own[i-1], i)
	}
	b.Text("&TopicArn=")
	b.Buf = appendForm(b.Buf, s.topic)
	b.Text("&Version=2010-03-31")
}

// appendMessage appends message n, counted from 1.
func (s *Sink) appendMessage(b *request.Body, r *engine.Record, own *message.Filled, n int) {
	name := string(strconv.AppendInt([]byte(entriesField+".member."), int64(n), 10)) + "."
	b.Text(name + "Id=" + strconv.Itoa(n-1))
	b.Text("&" + name + "Message=")
	b.Buf = appendForm(b.Buf, message.Text(r.Data))
	var buf [3]message.Attribute
	for k, a := range s.form.Attributes(buf[:0], r, own) {
		entry := name + "MessageAttributes.entry." + strconv.Itoa(k+1) + "."
		b.Text("&" + entry + "Name=")
		b.Buf = appendForm(b.Buf, a.Name)
		if a.Binary() {
			b.Text("&" + entry + "Value.BinaryValue=")
			b.Buf = appendForm(b.Buf, base64.StdEncoding.AppendEncode(nil, []byte(a.Value)))
			b.Text("&" + entry + "Value.DataType=")
			b.Buf = appendForm(b.Buf, a.Type)
			continue
		}
		b.Text("&" + entry + "Value.DataType=")
		b.Buf = appendForm(b.Buf, a.Type)
		b.Text("&" + entry + "Value.StringValue=")
		b.Buf = appendForm(b.Buf, a.Value)
	}
	if s.fifo {
		b.Text("&" + name + "MessageDeduplicationId=")
		b.Buf = appendForm(b.Buf, s.origin.DedupID(r))
		b.Text("&" + name + "MessageGroupId=")
		b.Buf = appendForm(b.Buf, message.GroupID(r))
	}
	if subject := s.form.SubjectOf(r, own); subject != "" {
		b.Text("&" + name + "Subject=")
		b.Buf = appendForm(b.Buf, subject)
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
