package es

import (
	"testing"

	"fanout/sinks"
)

// Requests with an index in each action go to the domain's _bulk.
func TestPlacesRights(t *testing.T) {
	at := sinks.Place{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}
	for text, want := range map[string]string{
		"search-orders-abc.eu-west-1.es.amazonaws.com#orders":          "arn:aws:es:eu-west-1:123456789012:domain/orders/orders/_bulk",
		"search-orders-abc.eu-west-1.es.amazonaws.com#orders-${.type}": "arn:aws:es:eu-west-1:123456789012:domain/orders/_bulk",
	} {
		d, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rights(at, &sinks.Spec{Destination: d}); err != nil || got[0].Resource != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
}
