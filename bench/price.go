package bench

import "time"

// prices are US dollars in us-east-1, without free tiers and volume discounts,
// from the services' pricing pages as of November 2026. Lambda's are for arm64.
var prices = struct {
	service        [numServices]float64 // for a unit
	lambdaRequest  float64
	lambdaGBSecond float64
}{
	service: [numServices]float64{
		kinesis:    0.014 / 1e6,       // PUT payload unit: 25 KB of a record, provisioned mode
		firehose:   0.029 * 5 / (1e6), // 5 KB of a record, at 0.029 a GB
		sqs:        0.40 / 1e6,        // 64 KiB of a request, standard queue
		cloudwatch: 0.01 / 1e3,        // PutMetricData
	},
	lambdaRequest:  0.20 / 1e6,
	lambdaGBSecond: 0.0000133334,
}

// queueChunk is what SQS counts a request by.
const queueChunk = 64 << 10

// Cost is what the calls so far cost, and the function that made them in events
// invocations with memory MB, which took took in all. The records are taken for
// no larger than a unit.
func (s *Services) Cost(events int, took time.Duration, memory int) float64 {
	dollars := float64(events)*prices.lambdaRequest + took.Seconds()*float64(memory)/1024*prices.lambdaGBSecond
	for i := range s.units {
		dollars += float64(s.units[i].Load()) * prices.service[i]
	}
	return dollars
}
