package lambda_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fanout/internal/testing/awsfake"
)

// revision is a change of one customer.
type revision struct{ seq, id, value string }

func (r revision) record() any {
	text := func(s string) map[string]string { return map[string]string{"S": s} }
	return map[string]any{
		"eventSource": "aws:dynamodb", "eventSourceARN": customers, "eventName": "MODIFY", "eventID": r.seq,
		"dynamodb": map[string]any{
			"Keys": map[string]any{"id": text(r.id)}, "NewImage": map[string]any{"id": text(r.id), "value": text(r.value)},
			"SequenceNumber": r.seq,
		},
	}
}

// A target that keeps the latest value of a key never gets an older one after it, even
// without a request for order.
func TestLatestValueStays(t *testing.T) {
	a := open(t, "targets: []")
	a.configure(targets(customers, fmt.Sprintf("id: t, type: es, destination: %q, convertDDB: true", a.URL()+"#customers")))
	refused := false
	a.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if refused {
			return nil
		}
		refused = true
		return &awsfake.Fault{Refuse: map[int]string{0: "429"}} // the first document of the first request
	})
	a.deliver(eventOf(revision{"1", "a", "old"}, revision{"2", "a", "new"}, revision{"3", "b", "other"}))
	last := ""
	for _, r := range a.Records("es/customers") {
		var doc struct{ ID, Value string }
		if err := json.Unmarshal(r.Data, &doc); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(r.ID, "a") {
			last = doc.Value
		}
	}
	if last != "new" {
		t.Errorf("the index has the value %q of the customer, want that of the last change", last)
	}
}
