package bench

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"

	"fanout/internal/testing/kpl"
)

// Sources of the events.
const (
	StreamARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/bench"
	TableARN  = "arn:aws:dynamodb:eu-west-1:123456789012:table/bench/stream/2026-01-31T12:34:56.789"
)

// kinesisEvent returns an event of n records that share keys partition keys.
func kinesisEvent(n, keys int, data func(*rand.Rand) []byte) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		seq := fmt.Sprintf("4967371945602434%040d", i)
		fmt.Fprintf(&b, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"key-%d","sequenceNumber":"%s","data":"%s",`+
			`"approximateArrivalTimestamp":1763800000.%03d},"eventSource":"aws:kinesis","eventVersion":"1.0",`+
			`"eventID":"shardId-000000000006:%s","eventName":"aws:kinesis:record",`+
			`"invokeIdentityArn":"arn:aws:iam::123456789012:role/bench","awsRegion":"eu-west-1","eventSourceARN":"%s"}`,
			rnd.IntN(keys), seq, base64.StdEncoding.EncodeToString(data(rnd)), i%1000, seq, StreamARN)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// dynamodbEvent returns an event of n changed items of 15 attributes.
func dynamodbEvent(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventID":"%032d","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb",`+
			`"awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":1763800000,"Keys":{"id":{"S":"item-%d"}},"NewImage":{`, i, i)
		for a := range 10 {
			fmt.Fprintf(&b, `"text%02d":{"S":%q},`, a, text(rnd, 24))
		}
		fmt.Fprintf(&b, `"price":{"N":"%d.%02d"},"sold":{"BOOL":true},"tags":{"SS":["new","blue"]},`+
			`"maker":{"M":{"name":{"S":"ACME"},"since":{"N":"1949"}}},`, rnd.IntN(1000), rnd.IntN(100))
		fmt.Fprintf(&b, `"id":{"S":"item-%d"}},"SequenceNumber":"%d","SizeBytes":700,"StreamViewType":"NEW_IMAGE"},"eventSourceARN":"%s"}`,
			i, 111700000000000+i, TableARN)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// aggregate returns n records of size bytes with 10 keys, as the Kinesis Producer Library
// aggregates them (aggregation-format.md).
func aggregate(rnd *rand.Rand, n, size int) []byte {
	var message []byte
	for k := range 10 {
		message = append(message, kpl.Key(fmt.Sprint("key-", k))...)
	}
	for range n {
		key := rnd.IntN(10)
		message = append(message, kpl.Record(key, string(text(rnd, size)))...)
	}
	return kpl.Seal(message)
}

// text returns a JSON object of n bytes.
func text(rnd *rand.Rand, n int) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789      "
	b := append(make([]byte, 0, n), `{"text":"`...)
	for len(b) < n-2 {
		b = append(b, letters[rnd.IntN(len(letters))])
	}
	return append(b, `"}`...)
}
