package lambda_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
)

// If one target changes, the other keeps its connections. The change takes effect at the
// next event.
func TestReconfigured(t *testing.T) {
	a := open(t, targets(orders, "id: same, type: kinesis, destination: same, role: "+reader), func(o *lambda.Options) { o.ConfigTTL = time.Nanosecond })
	a.deliver(orderEvent([]byte("one")))
	a.configure(targets(orders, "id: same, type: kinesis, destination: same, role: "+reader, "id: new, type: kinesis, destination: new, role: "+reader))
	a.deliver(orderEvent([]byte("two")))
	a.configure(targets(clicks))
	a.answer(orderEvent([]byte("three")))
	if diff := cmp.Diff([]map[string]int{{"one": 1, "two": 1}, {"two": 1}}, []map[string]int{a.arrivals("kinesis/same"), a.arrivals("kinesis/new")}); diff != "" {
		t.Error(diff)
	}
	if n := a.calls("sts"); n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
}
