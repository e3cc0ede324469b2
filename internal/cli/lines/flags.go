package lines

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"fanout/internal/cli/factory"
	"fanout/internal/jq"
)

// Flags are the flags of the commands that make records of lines.
type Flags struct {
	key       string
	keys      []string
	aggregate bool
}

// services are the services that each flag is for.
var services = map[string]string{"key": "kinesis", "keys": "dynamodb", "aggregate": "kinesis"}

// Add adds the flags.
func (f *Flags) Add(s *pflag.FlagSet) {
	s.StringVar(&f.key, "key", "", "the partition key of a Kinesis record is the result of this jq `PROGRAM`, such as .customer (default: the number of its line)")
	s.StringSliceVar(&f.keys, "keys", []string{"id"}, "the key attributes of the DynamoDB table, by `NAME`; two with a comma")
	s.BoolVar(&f.aggregate, "aggregate", false, "put several lines into one Kinesis record, as the Kinesis Producer Library does, for targets with deaggregate")
}

// Used returns the name of a flag on the command line, or "".
func (f *Flags) Used(s *pflag.FlagSet) string {
	for _, name := range []string{"key", "keys", "aggregate"} {
		if s.Changed(name) {
			return name
		}
	}
	return ""
}

// Check checks the flags for records of a service.
func (f *Flags) Check(s *pflag.FlagSet, service string) error {
	for _, name := range []string{"key", "keys", "aggregate"} {
		if s.Changed(name) && services[name] != service {
			return fmt.Errorf("--%s has no effect on records of %s; remove it", name, service)
		}
	}
	if len(f.keys) == 0 || len(f.keys) > 2 {
		return fmt.Errorf("--keys names %d attributes; a table has one or two key attributes", len(f.keys))
	}
	return nil
}

// Maker returns a maker of records of the source with this ARN.
func (f *Flags) Maker(source, service string) (*Maker, error) {
	m := &Maker{
		Source: source, Service: service, Region: factory.RegionOf(source),
		Keys: slices.Clone(f.keys), Aggregate: f.aggregate, Now: time.Now(),
	}
	if f.key != "" {
		var err error
		if m.Key, err = jq.Compile(f.key); err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
	}
	return m, nil
}
