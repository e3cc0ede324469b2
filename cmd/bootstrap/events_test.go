package main_test

import (
	"encoding/base64"
	"encoding/json"

	"fanout/internal/testing/kpl"
)

const (
	orders = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	alerts = "arn:aws:sns:eu-west-1:123456789012:alerts"
)

// put is a record of a Kinesis stream.
type put struct{ shard, seq, key, data string }

// kinesisEvent returns a Lambda event with records of the stream orders.
func kinesisEvent(puts ...put) string {
	var records []any
	for _, p := range puts {
		records = append(records, map[string]any{
			"eventSource": "aws:kinesis", "eventSourceARN": orders, "eventID": p.shard + ":" + p.seq, "eventName": "aws:kinesis:record",
			"kinesis": map[string]any{
				"partitionKey": p.key, "sequenceNumber": p.seq, "data": base64.StdEncoding.EncodeToString([]byte(p.data)),
				"approximateArrivalTimestamp": 1763800000.12,
			},
		})
	}
	return event(records)
}

// snsEvent returns a Lambda event with a message of the topic alerts.
func snsEvent(message string) string {
	return event([]any{map[string]any{
		"EventSource": "aws:sns",
		"Sns":         map[string]any{"TopicArn": alerts, "Message": message, "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e"},
	}})
}

func event(records []any) string {
	text, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// aggregate returns records with the key k as the Kinesis Producer Library aggregates
// them.
func aggregate(data ...string) string {
	users := make([]kpl.User, len(data))
	for i, d := range data {
		users[i] = kpl.User{Key: "k", Data: d}
	}
	return string(kpl.Aggregate(users...))
}
