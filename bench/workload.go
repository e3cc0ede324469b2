package bench

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Workload is an event, its targets, and the behavior of the services.
type Workload struct {
	Name    string // short, for tables and the names of benchmarks
	Title   string // description
	Records int    // source records in the event
	Event   []byte // as Lambda sends it
	Targets []Target

	Latency time.Duration // of each call
	Faults  float64       // share of records that a service refuses, to be sent again
	Memory  int           // of the function, MB; 0: DefaultMemory
	Host    string        // host:port of the services; "": in this process

	children int // records in each aggregate; 0: the records are not aggregated
}

// DefaultMemory is the memory, in MB, with which Lambda gives a function one vCPU
// (AWS Lambda developer guide, Configure Lambda function memory).
const DefaultMemory = 1769

// Latency is the time of a call in workloads with the latency of AWS.
const Latency = 20 * time.Millisecond

// Workloads returns the workloads that compare fanout with other functions, W1 to W6, and
// workloads that show one property each. The caller must not change them.
var Workloads = sync.OnceValue(func() []Workload {
	kib := Kinesis(500, 1024, 1000)
	small := Kinesis(10_000, 200, 1000)
	three := []Target{{Type: "kinesis"}, {Type: "firehose"}, {Type: "sqs"}}
	ordered := Target{Type: "kinesis", With: Attributes{"parallel": false}}
	return []Workload{
		{Name: "W1", Title: "500 records of 1 KiB → kinesis", Records: 500, Event: kib, Targets: Copies(1)},
		{Name: "W2k", Title: "10,000 records of 200 B → kinesis", Records: 10_000, Event: small, Targets: Copies(1)},
		{Name: "W2", Title: "10,000 records of 200 B → kinesis, firehose, sqs (JSON)", Records: 10_000, Event: small, Targets: three},
		{Name: "W3", Title: "100 KPL aggregates of 100 × 200 B → firehose", Records: 100, Event: aggregates(100, 100, 200), children: 100,
			Targets: []Target{{Type: "firehose", With: Attributes{"deaggregate": true}}}},
		{Name: "W4", Title: "1,000 DynamoDB records of 15 attributes, convertDDB → sqs (JSON)", Records: 1000, Event: dynamodbEvent(1000),
			Targets: []Target{{Type: "sqs", With: Attributes{"convertDDB": true}}}},
		{Name: "W5", Title: "W1 with 20 ms a call", Records: 500, Event: kib, Targets: Copies(1), Latency: Latency},
		{Name: "W6", Title: "W2 with 20 ms a call", Records: 10_000, Event: small, Targets: three, Latency: Latency},
		{Name: "hot", Title: "1,000 records of 200 B, one key, in order → kinesis", Records: 1000, Event: Kinesis(1000, 200, 1),
			Targets: []Target{ordered}},
		{Name: "nine", Title: "500 records of 1 KiB → nine targets", Records: 500, Event: kib, Targets: nine()},
		{Name: "twenty", Title: "500 records of 1 KiB → 20 × kinesis", Records: 500, Event: kib, Targets: Copies(20)},
		{Name: "ordered", Title: "10,000 records of 200 B, 1,000 keys, in order → kinesis", Records: 10_000, Event: small,
			Targets: []Target{ordered}},
		{Name: "faulty", Title: "W2k, of which 1 % is refused", Records: 10_000, Event: small, Targets: Copies(1), Faults: 0.01},
		{Name: "es", Title: "10,000 records of 200 B → es with 20 ms a call", Records: 10_000, Event: small, Targets: []Target{{Type: "es"}}, Latency: Latency},
		{Name: "filter", Title: "500 orders of 1 KiB, filtered by a field that all of them have → kinesis", Records: 500, Event: orderEvent(500, 1024),
			Targets: []Target{{"kinesis", Attributes{"filter": typePattern}}}},
		{Name: "orders", Title: "the same without a filter", Records: 500, Event: orderEvent(500, 1024), Targets: Copies(1)},
		{Name: "128MB", Title: "3,400 records of 1 KiB (6 MB) → nine targets, 128 MB", Records: 3400, Event: Kinesis(3400, 1024, 1000),
			Targets: nine(), Memory: 128},
		{Name: "tiny", Title: "100 KPL aggregates of 1,000 × 20 B → firehose, 128 MB", Records: 100, Event: aggregates(100, 1000, 20), children: 1000,
			Targets: []Target{{Type: "firehose", With: Attributes{"deaggregate": true}}}, Memory: 128},
	}
})

// Find returns the workload with the given name.
func Find(name string) (Workload, error) {
	for _, w := range Workloads() {
		if w.Name == name {
			return w, nil
		}
	}
	return Workload{}, fmt.Errorf("there is no workload %q; see bench/workload.go", name)
}

// Acknowledged returns the count of Services.Acknowledged after one event, if everything
// is delivered.
func (w *Workload) Acknowledged() int {
	n := 0
	for _, t := range w.Targets {
		if counted[t.Type] {
			n += w.Records * max(1, w.children)
		}
	}
	return n
}

// nine returns three targets of each type.
func nine() []Target {
	var all []Target
	for range 3 {
		all = append(all, Target{Type: "kinesis"}, Target{Type: "firehose"}, Target{Type: "sqs"})
	}
	return all
}

// Kinesis returns an event of n records of size bytes, with partition keys drawn
// at random from keys different ones.
func Kinesis(n, size, keys int) []byte {
	return kinesisEvent(n, keys, func(rnd *rand.Rand) []byte { return text(rnd, size) })
}

// aggregates returns an event of n records that hold the given number of user
// records each, of size bytes.
func aggregates(n, children, size int) []byte {
	return kinesisEvent(n, 1000, func(rnd *rand.Rand) []byte { return aggregate(rnd, children, size) })
}
