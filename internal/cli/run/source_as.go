package run

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"fanout/internal/awsname"
	records "fanout/lambda/event"
	"fanout/lambda/target"
)

// SourceAs is the ARN that --source-arn-as gives the records of events; "" keeps their
// own.
type SourceAs string

func (s *SourceAs) Add(flags *pflag.FlagSet) {
	flags.StringVar((*string)(s), "source-arn-as", "", "treat all records as records of the source with this `ARN`")
}

// Check checks the flag. used reports whether there are events or lines, and needs says how to
// name some.
func (s SourceAs) Check(used bool, needs string) error {
	switch {
	case s != "" && !used:
		return errors.New("--source-arn-as needs " + needs + ", or remove the flag")
	case s != "" && !isSource(string(s)):
		return fmt.Errorf("--source-arn-as is %q, which is not the ARN of a %s", string(s), awsname.SourceNouns)
	}
	return nil
}

// Relabel sets the source of the records in e.
func (s SourceAs) Relabel(e *event) error {
	if s == "" {
		return nil
	}
	service, _ := target.CheckSource(string(s)) // checked before
	data, err := records.Relabel(e.Data, records.KindOf(service), string(s))
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	e.Data = data
	return nil
}

func isSource(arn string) bool {
	_, ok := target.CheckSource(arn)
	return ok
}
