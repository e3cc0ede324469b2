package queue

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	longWait  = 20 // seconds that a call waits for a message: the longest there is
	shortWait = 1  // likewise with Options.Once; any wait asks all servers (SQS guide, long polling)

	// gatherBytes bounds the messages of a batch that takes several calls.
	gatherBytes = 6 << 20

	// minInterval is the shortest time between answers without a message. A service that does
	// not wait would be asked without a pause.
	minInterval = 200 * time.Millisecond
)

// message is a message of the queue.
type message struct {
	id, receipt string
	group       string // of a FIFO queue, otherwise ""
	sent        time.Time
	json        []byte // in the form of a Lambda event
	turn        int    // of its group, when it was received
}

// JSON returns the message in the form of a Lambda event.
func (m *message) JSON() []byte { return m.json }

// once turns the client's retries off: the poller has its own.
func once(o *sqs.Options) { o.Retryer = aws.NopRetryer{} }

// timeout returns the visibility timeout of the queue.
func (p *Poller) timeout(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	const name = types.QueueAttributeNameVisibilityTimeout
	sent := time.Now()
	out, err := p.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &p.url, AttributeNames: []types.QueueAttributeName{name}}, once)
	if err != nil {
		return 0, err
	}
	p.clock.Learn(sent, out.ResultMetadata)
	seconds, err := strconv.Atoi(out.Attributes[string(name)])
	return time.Duration(seconds) * time.Second, err
}

// gather receives a batch. A batch of more than ten messages takes several calls, and ends
// when a call brings none.
func (p *Poller) gather(ctx context.Context) (batch []*message, err error) {
	wait, size := int32(longWait), 0
	if p.opts.Once {
		wait = shortWait
	}
	for len(batch) < p.opts.BatchSize && size < gatherBytes {
		some, err := p.receive(ctx, min(perCall, p.opts.BatchSize-len(batch)), wait)
		if len(batch) > 0 && err != nil {
			return batch, nil // the next batch meets the same error
		}
		if err != nil || len(some) == 0 {
			return batch, err
		}
		fresh := p.work.take(some)
		for _, m := range fresh {
			size += len(m.json)
		}
		batch, wait = append(batch, fresh...), 0
	}
	return batch, nil
}

// receive makes one call.
func (p *Poller) receive(ctx context.Context, most int, wait int32) ([]*message, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sent := time.Now()
	out, err := p.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &p.url, MaxNumberOfMessages: int32(most), WaitTimeSeconds: wait, //nolint:gosec // at most 10
		VisibilityTimeout:           int32(p.visibility / time.Second), //nolint:gosec // at most 12 hours
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	}, once)
	if err != nil {
		return nil, err
	}
	p.clock.Learn(sent, out.ResultMetadata)
	all := make([]*message, len(out.Messages))
	for i := range out.Messages {
		if all[i], err = p.message(&out.Messages[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// message reads a message, and writes it in the form of Lambda's events (Lambda guide, Using
// Lambda with Amazon SQS, Example event).
func (p *Poller) message(in *types.Message) (*message, error) {
	e := events.SQSMessage{
		MessageId: aws.ToString(in.MessageId), ReceiptHandle: aws.ToString(in.ReceiptHandle), Body: aws.ToString(in.Body),
		Md5OfBody: aws.ToString(in.MD5OfBody), Md5OfMessageAttributes: aws.ToString(in.MD5OfMessageAttributes),
		Attributes: in.Attributes, MessageAttributes: make(map[string]events.SQSMessageAttribute, len(in.MessageAttributes)),
		EventSourceARN: p.arn, EventSource: "aws:sqs", AWSRegion: p.region,
	}
	for name, a := range in.MessageAttributes {
		e.MessageAttributes[name] = events.SQSMessageAttribute{
			StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: aws.ToString(a.DataType),
			StringListValues: []string{}, BinaryListValues: [][]byte{},
		}
	}
	data, err := json.Marshal(&e)
	if err != nil {
		return nil, err
	}
	m := &message{id: e.MessageId, receipt: e.ReceiptHandle, json: data}
	if p.fifo {
		m.group = in.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
	}
	if ms, err := strconv.ParseInt(in.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		m.sent = time.UnixMilli(ms)
	}
	return m, nil
}
