package tune

import (
	_ "embed"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

//go:embed prices.yaml
var defaultPrices []byte

// DefaultPrices is the file of prices that is built in.
func DefaultPrices() []byte { return slices.Clone(defaultPrices) }

// Prices are what AWS charges, in US dollars.
type Prices struct {
	Region string `yaml:"region" json:"region"`
	Date   string `yaml:"date" json:"date"`

	Lambda     LambdaPrice           `yaml:"lambda" json:"lambda"`
	Consumer   ConsumerPrice         `yaml:"consumer" json:"consumer"`
	CloudWatch CloudWatchPrice       `yaml:"cloudwatch" json:"cloudwatch"`
	Targets    map[string]TypePrices `yaml:"targets" json:"targets"` // by type, or type.fifo
}

// LambdaPrice is what the function costs.
type LambdaPrice struct {
	MillionRequests float64 `yaml:"million_requests" json:"millionRequests"`
	GBSecond        float64 `yaml:"gb_second" json:"gbSecond"`
	Source          string  `yaml:"source" json:"source"`
}

// Of returns what so many invocations cost that run for so many seconds in all, in
// US dollars. The memory is in MB.
func (l *LambdaPrice) Of(invocations, seconds float64, memory int) (requests, compute float64) {
	return invocations / million * l.MillionRequests, seconds * float64(memory) / 1024 * l.GBSecond
}

// ConsumerPrice is what enhanced fan-out costs.
type ConsumerPrice struct {
	ShardHour float64 `yaml:"shard_hour" json:"shardHour"`
	GB        float64 `yaml:"gb" json:"gb"`
	Source    string  `yaml:"source" json:"source"`
}

// CloudWatchPrice is what the function's metrics cost.
type CloudWatchPrice struct {
	MetricMonth     float64 `yaml:"metric_month" json:"metricMonth"`
	MillionRequests float64 `yaml:"million_requests" json:"millionRequests"`
	LogGB           float64 `yaml:"log_gb" json:"logGB"`
	Source          string  `yaml:"source" json:"source"`
}

// TypePrices are what a type of target charges.
type TypePrices struct {
	Charges []Charge `yaml:"charges" json:"charges"`
	Source  string   `yaml:"source" json:"source"`
}

// Charge is one thing that a target charges for.
type Charge struct {
	Of    string  `yaml:"of" json:"of"`       // request, record or gb
	Price float64 `yaml:"price" json:"price"` // of a million requests or records, or of 2³⁰ bytes
	Unit  int     `yaml:"unit" json:"unit"`   // bytes that count as one request or record, or that a record is rounded up to; 0: none
}

// What a Charge may be of.
const (
	ofRequest = "request"
	ofRecord  = "record"
	ofGB      = "gb"
)

const (
	million = 1e6
	gib     = 1 << 30
)

// LoadPrices reads the prices in a file; of "", the prices that are built in. Its
// error names the file and what is wrong with it.
func LoadPrices(path string) (*Prices, error) {
	var p Prices
	if err := loadYAML(path, "prices", defaultPrices, &p); err != nil {
		return nil, err
	}
	for name, t := range p.Targets {
		for _, c := range t.Charges {
			if !slices.Contains([]string{ofRequest, ofRecord, ofGB}, c.Of) || c.Price < 0 || c.Unit < 0 {
				return nil, fmt.Errorf("the prices file %s: targets: %s: a charge is of %q with price %v and unit %d; it must be of request, record or gb, and nothing may be negative", path, name, c.Of, c.Price, c.Unit)
			}
		}
	}
	if p.Region == "" || p.Date == "" {
		return nil, fmt.Errorf("the prices file %s does not say its region and date; a price means nothing without them", path)
	}
	return &p, nil
}

// Of returns the price of one request to a target of this type, in US dollars.
// Without prices for the type it is zero, and known is false.
func (p *Prices) Of(service string, r *Request) (dollars float64, known bool) {
	t, known := p.Targets[service]
	for _, c := range t.Charges {
		dollars += c.of(r)
	}
	return dollars, known
}

func (c Charge) of(r *Request) float64 {
	switch c.Of {
	case ofRequest:
		return c.units(r.Bytes) * c.Price / million
	case ofRecord:
		n := 0.0
		for _, size := range r.Sizes {
			n += c.units(size)
		}
		return n * c.Price / million
	default:
		n := 0.0
		for _, size := range r.Sizes {
			if c.Unit == 0 {
				n += float64(size)
			} else {
				n += c.units(size) * float64(c.Unit)
			}
		}
		return n / gib * c.Price
	}
}

// units is as how many requests or records one of size bytes counts.
func (c Charge) units(size int) float64 {
	if c.Unit == 0 {
		return 1
	}
	return max(1, math.Ceil(float64(size)/float64(c.Unit)))
}

// loadYAML reads a file, or what is built in if path is "", into v. Members that v
// does not have are faults, as they are most likely misspelt.
func loadYAML(path, what string, builtIn []byte, v any) error {
	data := builtIn
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("the %s file %s cannot be read: %w", what, path, plain(err))
		}
	}
	if err := decodeYAML(data, v); err != nil {
		text := strings.TrimPrefix(err.Error(), "yaml: ")
		return fmt.Errorf("the %s file %s: %s", what, path, strings.Join(strings.Fields(text), " "))
	}
	return nil
}
