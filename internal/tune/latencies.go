package tune

import (
	_ "embed"
	"fmt"
	"math"
	"math/rand/v2"

	"fanout/sinks/account"
)

//go:embed latencies.yaml
var commonLatencies string

// DefaultLatencies returns the built-in file of latencies.
func DefaultLatencies() []byte {
	return withTargets(commonLatencies, func(t *account.Type) string { return t.Latencies })
}

// Latencies hold durations that cannot be measured here.
type Latencies struct {
	Date    string             `yaml:"date" json:"date"`
	Invoke  Latency            `yaml:"invoke" json:"invoke"`   // until the function runs; not billed
	Sources map[string]Latency `yaml:"sources" json:"sources"` // kinesis, kinesis.enhanced and dynamodb
	Targets map[string]Latency `yaml:"targets" json:"targets"` // by type, or type.fifo
	CPU     CPUModel           `yaml:"cpu" json:"cpu"`
}

// Latency is the duration of one kind of call: log-normal, plus a part that grows
// with the request.
type Latency struct {
	P50      Seconds `yaml:"p50" json:"p50"`
	P99      Seconds `yaml:"p99" json:"p99"`
	PerMiB   Seconds `yaml:"per_mib,omitempty" json:"perMiB,omitempty"`
	Interval Seconds `yaml:"interval,omitempty" json:"interval,omitempty"` // between polls; 0: pushed
}

// CPUModel converts measured CPU time to the CPU time in a function.
type CPUModel struct {
	VCPUMB   int     `yaml:"vcpu_mb" json:"vcpuMB"` // memory with one vCPU
	Slowdown float64 `yaml:"slowdown" json:"slowdown"`
	PerCall  Seconds `yaml:"per_call" json:"perCall"`
}

// LoadLatencies reads the latencies in a file. For "" it returns the built-in ones.
func LoadLatencies(path string) (*Latencies, error) {
	var l Latencies
	if err := loadYAML(path, "latencies", DefaultLatencies(), &l); err != nil {
		return nil, err
	}
	faulty := func(what string) error {
		return fmt.Errorf("the latencies file %s: %s", path, what)
	}
	for _, set := range []map[string]Latency{l.Sources, l.Targets, {"invoke": l.Invoke}} {
		for name, x := range set {
			if x.P50 <= 0 || x.P99 < x.P50 {
				return nil, faulty(name + ": p50 must be above 0, and p99 not below p50")
			}
		}
	}
	if l.CPU.VCPUMB <= 0 || l.CPU.Slowdown <= 0 {
		return nil, faulty("cpu: vcpu_mb and slowdown must be above 0")
	}
	for _, name := range []string{"kinesis", enhanced, "dynamodb"} {
		if _, ok := l.Sources[name]; !ok {
			return nil, faulty("sources: " + name + " is missing")
		}
	}
	return &l, nil
}

// enhanced is the source name of a Kinesis stream with enhanced fan-out.
const enhanced = "kinesis.enhanced"

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// draw returns the time in seconds of one call with a request of the given bytes.
func (l *Latency) draw(rnd *rand.Rand, bytes int) float64 {
	z := rnd.NormFloat64()
	return float64(l.P50)*math.Exp(l.sigma()*z) + float64(l.PerMiB)*float64(bytes)/(1<<20)
}

// scale returns how many times longer CPU work takes in a function with memory MB
// than here.
func (c *CPUModel) scale(memory int) float64 {
	return c.Slowdown * max(1, float64(c.VCPUMB)/float64(memory))
}

// sigma is the standard deviation of the logarithm.
func (l *Latency) sigma() float64 {
	if l.P50 == 0 {
		return 0
	}
	return math.Log(float64(l.P99/l.P50)) / z99
}

// mean returns the mean time of a call in seconds, without the part that grows with
// the request.
func (l *Latency) mean() float64 {
	sigma := l.sigma()
	return float64(l.P50) * math.Exp(sigma*sigma/2)
}
