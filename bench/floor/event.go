package main

import "bytes"

// record is the partition key of a record and its base64 data, or the new image of a
// DynamoDB record. Both refer to the event.
type record struct{ key, data []byte }

var (
	kinesis    = []byte(`{"Records":[{"kinesis":`)
	beforeKey  = []byte(`"partitionKey":"`)
	beforeData = []byte(`"data":"`)
	quote      = []byte(`"`)
)

// scan appends the records of an event to records. It relies on the order of a record's
// fields.
func scan(event []byte, records []record) []record {
	if !bytes.HasPrefix(event, kinesis) {
		return scanImages(event, records)
	}
	for {
		var r record
		var ok bool
		if _, event, ok = bytes.Cut(event, beforeKey); !ok {
			return records
		}
		r.key, event, _ = bytes.Cut(event, quote)
		_, event, _ = bytes.Cut(event, beforeData)
		r.data, event, _ = bytes.Cut(event, quote)
		records = append(records, r)
	}
}
