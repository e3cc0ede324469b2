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
	group     string
	keys      []string
	aggregate bool
}

// names are the names of the flags, and services the services that each is for.
var (
	names    = []string{"key", "keys", "aggregate", "group"}
	services = map[string][]string{"key": {"kinesis", "kafka"}, "keys": {"dynamodb"}, "aggregate": {"kinesis"}, "group": {"sqs"}}
)

// Add adds the flags.
func (f *Flags) Add(s *pflag.FlagSet) {
	s.StringVar(&f.key, "key", "", "the partition key of a Kinesis record, or the key of a Kafka record, is the result of this jq `PROGRAM`, such as .customer (default: the number of its line; for Kafka none)")
	s.StringSliceVar(&f.keys, "keys", []string{"id"}, "the key attributes of the DynamoDB table, by `NAME`; two with a comma")
	s.StringVar(&f.group, "group", "", "the message group of an SQS message is the result of this jq `PROGRAM`, such as .tenant (default: none, and in a FIFO queue one for all)")
	s.BoolVar(&f.aggregate, "aggregate", false, "put several lines into one Kinesis record, as the Kinesis Producer Library does, for targets with deaggregate")
}

// Used returns the name of a flag on the command line, or "".
func (f *Flags) Used(s *pflag.FlagSet) string {
	for _, name := range names {
		if s.Changed(name) {
			return name
		}
	}
	return ""
}

// Check checks the flags for records of a service.
func (f *Flags) Check(s *pflag.FlagSet, service string) error {
	for _, name := range names {
		if s.Changed(name) && !slices.Contains(services[name], service) {
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
	for _, p := range []struct {
		flag, text string
		program    **jq.Program
	}{{"key", f.key, &m.Key}, {"group", f.group, &m.Group}} {
		if p.text == "" {
			continue
		}
		var err error
		if *p.program, err = jq.Compile(p.text); err != nil {
			return nil, fmt.Errorf("--%s: %w", p.flag, err)
		}
	}
	return m, nil
}
