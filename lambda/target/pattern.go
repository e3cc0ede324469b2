package target

import (
	"strings"

	"fanout/stages"
)

// checkFilter checks the event pattern of a target.
func (c *checker) checkFilter(source string) {
	if c.spec.Filter == "" {
		return
	}
	if err := CheckPattern(c.spec.Filter, source); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			c.fault(filter, "%s", line)
		}
	}
}

// CheckPattern returns the faults of an event pattern for the records of a service:
// kinesis, dynamodb, sns, or "" if it is unknown.
func CheckPattern(text, service string) error {
	_, err := stages.NewFilter(text, service, false)
	return err
}
