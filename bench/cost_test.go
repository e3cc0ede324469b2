package bench

import (
	"strings"
	"testing"
	"time"

	"fanout/internal/tune"
)

// cost returns the cost in US dollars of the calls so far and of the function that made
// them: events invocations with memory MB and a total duration of took. The prices are those
// of fanout tune. Each record counts as one unit.
func cost(p *tune.Prices, s *Services, events int, took time.Duration, memory int) float64 {
	requests, compute := p.Lambda.Of(float64(events), took.Seconds(), memory)
	dollars := requests + compute + float64(s.units[cloudwatch].Load())*p.CloudWatch.MillionRequests/1e6
	unit := tune.Request{Bytes: 1, Sizes: []int{1}}
	perUnit, _ := p.Of("kinesis", &unit)
	dollars += float64(s.payload.Load()) * perUnit
	for _, to := range []struct {
		service
		name string
	}{{firehose, "firehose"}, {sqs, "sqs"}} {
		each, _ := p.Of(to.name, &unit)
		dollars += float64(s.units[to.service].Load()) * each
	}
	return dollars
}

// builtIn returns the prices that are built in.
func builtIn(t testing.TB) *tune.Prices {
	t.Helper()
	p, err := tune.LoadPrices("")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCost(t *testing.T) {
	s := &Services{}
	post(t, s, "AmazonSQS.SendMessageBatch", strings.Repeat("x", queueChunk+1))
	post(t, s, "Kinesis_20131202.PutRecords", strings.Repeat(`"PartitionKey":`, 100))
	post(t, s, "Firehose_20150804.PutRecordBatch", strings.Repeat(`"Data":`, 1000))
	post(t, s, "", "Action=PutMetricData")
	got := cost(builtIn(t), s, 10, 2*time.Second, 512)
	want := 2*0.40/1e6 + 100*0.014/1e6 + 1000*0.029*5/(1<<20) + 0.01/1e3 + 10*0.20/1e6 + 2*0.5*0.0000133334
	if diff := got - want; diff > 1e-12 || diff < -1e-12 {
		t.Errorf("cost %v, want %v", got, want)
	}
}

// TestQueueChunk asserts that a counted SQS request is the unit of its price.
func TestQueueChunk(t *testing.T) {
	charges := builtIn(t).Targets["sqs"].Charges
	if len(charges) == 0 {
		t.Error("SQS charges nothing")
	}
	for _, c := range charges {
		if c.Unit != queueChunk {
			t.Errorf("the price of SQS is for %d bytes of a request, and %d are counted", c.Unit, queueChunk)
		}
	}
}
