package tune

import "fanout/lambda/metrics"

// Cost is the cost of a setting for one month, in US dollars.
type Cost struct {
	Requests float64 `json:"requests" yaml:"requests"` // invocations of the function
	Compute  float64 `json:"compute" yaml:"compute"`   // of the function
	Targets  float64 `json:"targets" yaml:"targets"`   // charges for taking records
	Metrics  float64 `json:"metrics" yaml:"metrics"`   // the function's own
	Consumer float64 `json:"consumer" yaml:"consumer"` // enhanced fan-out
	Total    float64 `json:"total" yaml:"total"`
}

// Hours and seconds of a month, as AWS counts them.
const (
	monthHours   = 730
	monthSeconds = monthHours * 3600
)

// cost returns the cost of all lanes. r is the result of one of them.
func (t *tuner) cost(r *laneResult, lanes float64, memory int) Cost {
	p := t.Prices
	invocations := r.invocations * lanes * monthSeconds
	c := Cost{Targets: r.dollars * lanes * monthSeconds}
	c.Requests, c.Compute = p.Lambda.Of(invocations, r.billed*lanes*monthSeconds, memory)
	shape := t.Measurement.Metrics
	switch t.Metrics {
	case metrics.ModeCloudWatch: // at most one call an invocation
		c.Metrics = float64(shape.Metrics)*p.CloudWatch.MetricMonth + invocations/million*p.CloudWatch.MillionRequests
	case metrics.ModeEMF:
		c.Metrics = float64(shape.Metrics)*p.CloudWatch.MetricMonth + invocations*float64(shape.LogBytes)/gib*p.CloudWatch.LogGB
	default:
	}
	if t.Enhanced {
		read := t.Load.RecordsPerSecond * t.RecordBytes * monthSeconds
		c.Consumer = float64(t.Load.Shards)*monthHours*p.Consumer.ShardHour + read/gib*p.Consumer.GB
	}
	c.Total = c.Requests + c.Compute + c.Targets + c.Metrics + c.Consumer
	return c
}
