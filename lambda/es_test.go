package lambda_test

import (
	"fmt"
	"strings"
	"testing"
)

// An integer that does not fit 64 bits gets an exponent in an index, which could not map it
// otherwise. Elsewhere it keeps all its digits.
func TestLargeNumbers(t *testing.T) {
	const event = `{"Records":[{"eventSource":"aws:dynamodb","eventSourceARN":"` + customers + `","eventName":"INSERT","eventID":"1","dynamodb":{
		"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"},"wei":{"N":"1000000000000000000000000"}},"SequenceNumber":"1"}}]}`
	a := open(t, "targets: []")
	a.configure(targets(customers,
		fmt.Sprintf("id: es, type: es, destination: %q, convertDDB: true", a.URL()+"#customers"),
		fmt.Sprintf("id: sqs, type: sqs, destination: %q, convertDDB: true, collapse: none", queue+"customers"),
	))
	a.deliver(event)
	for destination, want := range map[string]string{
		"es/customers":  `{"id":"a","wei":1E24}`,
		"sqs/customers": `{"id":"a","wei":1000000000000000000000000}`,
	} {
		if got := a.arrivals(destination); got[want] != 1 || len(got) != 1 {
			t.Errorf("%s has %v, want %s", destination, got, want)
		}
	}
}

// A date math name arrives unchanged. A region makes requests to a host outside AWS signed.
func TestSearchRequests(t *testing.T) {
	a := open(t, "targets: []")
	a.configure(targets(orders,
		fmt.Sprintf("id: dated, type: es, destination: %q, region: eu-central-1", a.URL()+"#<orders-{now/d}>"),
		fmt.Sprintf("id: unsigned, type: es, destination: %q", a.URL()+"#orders"),
	))
	a.deliver(orderEvent([]byte(`{"n":1}`)))
	if n := len(a.Records("es/<orders-{now/d}>")); n != 1 {
		t.Errorf("%d documents in the dated index; the fake has %v", n, a.Destinations())
	}
	for _, c := range a.Calls() {
		if want := map[bool]string{true: "eu-central-1"}[strings.Contains(c.Destination, "now")]; c.Region != want {
			t.Errorf("the request to %s is signed for region %q, want %q", c.Destination, c.Region, want)
		}
	}
}
