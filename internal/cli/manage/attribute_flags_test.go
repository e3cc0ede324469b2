package manage

import (
	"testing"

	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/lambda/target"
	"fanout/sinks/sqs"
)

// The words of an attribute are the ones that the function accepts.
func TestAttributeWords(t *testing.T) {
	for name, words := range target.AttributeWords {
		for _, word := range append(words, "nonsense") {
			v := target.Values{"active": {Kind: target.Bool, Text: "true"}}
			typ, destination := "sqs", "arn:aws:sqs:eu-west-1:123456789012:queue"
			if has := TypesWith[name]; has != nil && !has(sqs.Type) {
				typ, destination = "kinesis", "stream"
			}
			source := clitest.Orders
			if word == "debezium" { // only for changes of items
				source = "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-01-31T12:34:56.789"
			}
			for attribute, text := range map[string]string{"sourceArn": source, "id": "a", "type": typ, "destination": destination, name: word} {
				v[attribute] = target.Value{Kind: target.String, Text: text}
			}
			if l := lambda.Builtin().Read(v, ""); (l.Err() == nil) != (word != "nonsense") {
				t.Errorf("%s %s: %v", name, word, l.Err())
			}
		}
	}
}
