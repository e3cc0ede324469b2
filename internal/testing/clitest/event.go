package clitest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
)

// KinesisEvent returns an event of n records with size bytes of data, in one shard.
func KinesisEvent(n, size int) []byte {
	data := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), size))
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `,{"eventSource":"aws:kinesis","eventSourceARN":%q,"eventID":"shardId-000000000000:%d",`+
			`"kinesis":{"partitionKey":"k%d","sequenceNumber":"%d","data":%q,"approximateArrivalTimestamp":1763800000.1}}`,
			Orders, i+1, i%100, i+1, data)
	}
	return slices.Concat([]byte(`{"Records":[`), bytes.TrimPrefix(b.Bytes(), []byte(",")), []byte(`]}`))
}
