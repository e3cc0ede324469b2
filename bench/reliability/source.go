package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"fanout/lambda"
)

const stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/reliability"

// source is a shard of a Kinesis stream. Records have the data {"n":0}, {"n":1} and so
// on. They go to the shards in turn, and within a shard to its keys in turn.
type source struct {
	shard, shards int
	records       int // of the shard
	keys          int // of the shard
	event         []byte
}

// invoke sends records [from, to) of the shard to the function, as Lambda does. It
// returns the first record to send again, or to if nothing failed.
func (s *source) invoke(ctx context.Context, h *lambda.Handler, from, to int) (next int, err error) {
	b := append(s.event[:0], `{"Records":[`...)
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		data := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"n":%d}`, i*s.shards+s.shard))
		b = fmt.Appendf(b, `{"eventSource":"aws:kinesis","eventVersion":"1.0","eventName":"aws:kinesis:record","eventID":"shardId-%012d:%d",`+
			`"awsRegion":"eu-west-1","eventSourceARN":"%s","kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"key-%d-%d",`+
			`"sequenceNumber":"%d","approximateArrivalTimestamp":1763800000.000,"data":"%s"}}`,
			s.shard, i+1, stream, s.shard, i%s.keys, i+1, data)
	}
	s.event = append(b, `]}`...)
	answer, err := h.Invoke(ctx, s.event)
	if err != nil {
		return from, err
	}
	var failures struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &failures); err != nil {
		return from, err
	}
	next = to
	for _, f := range failures.BatchItemFailures {
		seq, err := strconv.Atoi(f.ItemIdentifier)
		if err != nil || seq <= from || seq > to {
			return from, fmt.Errorf("the answer names the sequence number %q, which is not one of the event", f.ItemIdentifier)
		}
		next = min(next, seq-1)
	}
	return next, nil
}

// number returns the number of the record that arrived with data, which may be plain, a
// Kinesis record in a Lambda event, or an envelope.
func number(data string) (int, error) {
	var r struct {
		N       *int
		Kinesis struct{ Data []byte }
		Data    []byte
	}
	if err := json.Unmarshal([]byte(data), &r); err != nil {
		return 0, fmt.Errorf("%.40q is not JSON", data)
	}
	if r.N != nil {
		return *r.N, nil
	}
	if inner := slices.Concat(r.Kinesis.Data, r.Data); len(inner) > 0 {
		return number(string(inner))
	}
	return 0, fmt.Errorf("%.40q has no number", data)
}
