package tune

import (
	_ "embed"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"fanout/sinks/account"
	"fanout/sinks/builtin/setup"
)

//go:embed prices.yaml
var commonPrices string

// DefaultPrices returns the built-in file of prices.
func DefaultPrices() []byte {
	return withTargets(commonPrices, func(t *account.Type) string { return t.Prices })
}

// withTargets returns a built-in file with the lines of the target types.
func withTargets(common string, lines func(*account.Type) string) []byte {
	before, after, _ := strings.Cut(common, "\ntargets:\n")
	all := []byte(before + "\ntargets:\n")
	for _, t := range setup.Types() {
		all = append(all, lines(t)...)
	}
	return append(all, after...)
}

// Prices are the prices of AWS, in US dollars.
type Prices struct {
	Region string `yaml:"region" json:"region"`
	Date   string `yaml:"date" json:"date"`

	Lambda     LambdaPrice           `yaml:"lambda" json:"lambda"`
	Consumer   ConsumerPrice         `yaml:"consumer" json:"consumer"`
	CloudWatch CloudWatchPrice       `yaml:"cloudwatch" json:"cloudwatch"`
	Targets    map[string]TypePrices `yaml:"targets" json:"targets"` // by type, or type.fifo
}

// LambdaPrice is the price of the function.
type LambdaPrice struct {
	MillionRequests float64 `yaml:"million_requests" json:"millionRequests"`
	GBSecond        float64 `yaml:"gb_second" json:"gbSecond"`
	Source          string  `yaml:"source" json:"source"`
}

// Of returns the cost in US dollars of invocations that run for the given seconds
// in total. memory is in MB.
func (l *LambdaPrice) Of(invocations, seconds float64, memory int) (requests, compute float64) {
	return invocations / million * l.MillionRequests, seconds * float64(memory) / 1024 * l.GBSecond
}

// ConsumerPrice is the price of enhanced fan-out.
type ConsumerPrice struct {
	ShardHour float64 `yaml:"shard_hour" json:"shardHour"`
	GB        float64 `yaml:"gb" json:"gb"`
	Source    string  `yaml:"source" json:"source"`
}

// CloudWatchPrice is the price of the function's metrics.
type CloudWatchPrice struct {
	MetricMonth     float64 `yaml:"metric_month" json:"metricMonth"`
	MillionRequests float64 `yaml:"million_requests" json:"millionRequests"`
	LogGB           float64 `yaml:"log_gb" json:"logGB"`
	Source          string  `yaml:"source" json:"source"`
}

// TypePrices are the charges of a type of target.
type TypePrices struct {
	Charges []Charge `yaml:"charges" json:"charges"`
	Source  string   `yaml:"source" json:"source"`
}

// Charge is one charge of a target.
type Charge struct {
	Of    string  `yaml:"of" json:"of"`       // request, record or gb
	Price float64 `yaml:"price" json:"price"` // of a million requests or records, or of 2³⁰ bytes
	Unit  int     `yaml:"unit" json:"unit"`   // bytes that count as one request or record, or to which a record is rounded up; 0: none
}

// The values of Charge.Of.
const (
	ofRequest = "request"
	ofRecord  = "record"
	ofGB      = "gb"
)

const (
	million = 1e6
	gib     = 1 << 30
)

// LoadPrices reads the prices in a file. For "" it returns the built-in ones. Its
// error names the file and the fault.
func LoadPrices(path string) (*Prices, error) {
	var p Prices
	if err := loadYAML(path, "prices", DefaultPrices(), &p); err != nil {
		return nil, err
	}
	for name, t := range p.Targets {
		for _, c := range t.Charges {
			if !slices.Contains([]string{ofRequest, ofRecord, ofGB}, c.Of) || c.Price < 0 || c.Unit < 0 {
				return nil, fmt.Errorf("the prices file %s: targets: %s: a charge has of: %q, price: %v and unit: %d; of must be request, record or gb, and no number may be negative", path, name, c.Of, c.Price, c.Unit)
			}
		}
	}
	if p.Region == "" || p.Date == "" {
		return nil, fmt.Errorf("the prices file %s lacks its region or date; add both", path)
	}
	return &p, nil
}

// Of returns the price of one request to a target of this type, in US dollars. If
// the type has no prices, Of returns zero, and known is false.
func (p *Prices) Of(service string, r *Request) (dollars float64, known bool) {
	t, known := p.Targets[service]
	for _, c := range t.Charges {
		dollars += c.of(r)
	}
	return dollars, known
}

// units returns how many units of a request are billed, and their bytes, 0 if they have no
// size. A target is billed by its first charge with units.
func (p *Prices) units(service string, r *Request) (n float64, bytes int) {
	for _, c := range p.Targets[service].Charges {
		switch {
		case c.Of == ofRequest:
			return c.units(r.Bytes), c.Unit
		case c.Unit == 0 && c.Of == ofGB:
			continue
		}
		for _, size := range r.Sizes {
			n += c.units(size)
		}
		return n, c.Unit
	}
	return 0, 0
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

// units returns how many requests or records one of size bytes counts as.
func (c Charge) units(size int) float64 {
	if c.Unit == 0 {
		return 1
	}
	return max(1, math.Ceil(float64(size)/float64(c.Unit)))
}

// loadYAML reads a file into v, or builtIn if path is "". Members that v does not
// have are faults, because they are probably misspelled.
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
