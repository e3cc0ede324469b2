package main

import (
	"context"
	"fmt"
)

// target sends all records of an event.
type target interface {
	send(ctx context.Context, c *client, records []record) error
}

func newTarget(kind string) (target, error) {
	switch kind {
	case "kinesis":
		return &batches{
			service: "kinesis", operation: "Kinesis_20131202.PutRecords", before: `{"StreamName":"copy","Records":[`,
			keys: true, good: `"FailedRecordCount":0`,
		}, nil
	case "firehose":
		return &batches{
			service: "firehose", operation: "Firehose_20150804.PutRecordBatch", before: `{"DeliveryStreamName":"lake","Records":[`,
			good: `"FailedPutCount":0`,
		}, nil
	case "sqs":
		return &messages{}, nil
	}
	return nil, fmt.Errorf("there is no target type %q here", kind)
}

// batches sends records in requests of 500, one after another.
type batches struct {
	service, operation string
	before             string // text before the records
	keys               bool
	good               string // part of every answer that accepts all

	body, aggregate []byte
}

const batchRecords = 500

func (b *batches) send(ctx context.Context, c *client, records []record) error {
	if aggregated(records) {
		return b.sendUserRecords(ctx, c, records)
	}
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
		if err := b.post(ctx, c); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// post sends the request. The request must end with a record and a comma.
func (b *batches) post(ctx context.Context, c *client) error {
	b.body = append(b.body[:len(b.body)-1], "]}"...)
	return c.post(ctx, b.service, "application/x-amz-json-1.1", b.operation, b.body, b.good)
}

// messages sends records to SQS as messages {"Records":[…]} with as many records as fit,
// one message per request, one after another.
type messages struct{ body, data []byte }

// messageBytes is the limit of a message and of a request in SQS, in bytes.
const messageBytes = 1 << 20

func (m *messages) send(ctx context.Context, c *client, records []record) error {
	const before = `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/queue","Entries":[{"Id":"0","MessageBody":"{\"Records\":[`
	for len(records) > 0 {
		m.body = append(m.body[:0], before...)
		size := len(`{"Records":[]}`)
		n := 0
		for ; n < len(records); n++ {
			data, write := records[n].data, escapePlain // for images; the result is no longer than the image
			if !isImage(data) {
				var err error
				if m.data, err = decode(m.data, data); err != nil {
					return err
				}
				data, write = m.data, escape
			}
			if size += len(data) + 1; size > messageBytes && n > 0 {
				break
			}
			m.body = append(write(m.body, data), ',')
		}
		m.body = append(m.body[:len(m.body)-1], `]}"}]}`...)
		if err := c.post(ctx, "sqs", "application/x-amz-json-1.0", "AmazonSQS.SendMessageBatch", m.body, `"Failed":[]`); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// escape appends text as part of a JSON string. The text must have no control characters.
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
