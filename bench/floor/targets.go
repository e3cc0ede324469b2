package main

import (
	"context"
	"encoding/base64"
)

// batches sends records in requests of 500, one after another.
type batches struct {
	service, operation string
	before             string // the records
	keys               bool
	good               string // is in an answer that accepts all

	body []byte
}

const batchRecords = 500

func (b *batches) send(ctx context.Context, c *client, records []record) error {
	for len(records) > 0 {
		n := min(batchRecords, len(records))
		b.body = append(b.body[:0], b.before...)
		for _, r := range records[:n] {
			b.body = append(append(append(b.body, `{"Data":"`...), r.data...), '"')
			if b.keys {
				b.body = append(append(append(b.body, `,"PartitionKey":"`...), r.key...), '"')
			}
			b.body = append(b.body, "},"...)
		}
		b.body = append(b.body[:len(b.body)-1], "]}"...)
		if err := c.post(ctx, b.service, "application/x-amz-json-1.1", b.operation, b.body, b.good); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// messages sends records to SQS as messages {"Records":[…]} of as many as fit, each
// in a request of its own, one after another.
type messages struct{ body, data []byte }

// messageBytes bounds a message: SQS takes no larger ones, and no larger requests.
const messageBytes = 1 << 20

func (m *messages) send(ctx context.Context, c *client, records []record) error {
	const before = `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/queue","Entries":[{"Id":"0","MessageBody":"{\"Records\":[`
	for len(records) > 0 {
		m.body = append(m.body[:0], before...)
		size := len(`{"Records":[]}`)
		n := 0
		for ; n < len(records); n++ {
			var err error
			if m.data, err = base64.StdEncoding.AppendDecode(m.data[:0], records[n].data); err != nil {
				return err
			}
			if size += len(m.data) + 1; size > messageBytes && n > 0 {
				break
			}
			m.body = append(escape(m.body, m.data), ',')
		}
		m.body = append(m.body[:len(m.body)-1], `]}"}]}`...)
		if err := c.post(ctx, "sqs", "application/x-amz-json-1.0", "AmazonSQS.SendMessageBatch", m.body, `"Failed":[]`); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// escape appends text as part of a JSON string. It has no control characters.
func escape(out, text []byte) []byte {
	start := 0
	for i, b := range text {
		if b == '"' || b == '\\' {
			out = append(append(out, text[start:i]...), '\\')
			start = i
		}
	}
	return append(out, text[start:]...)
}
