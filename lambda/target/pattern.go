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
	if _, err := stages.NewFilter(c.spec.Filter, source, false); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			c.fault(filter, "%s", line)
		}
	}
}
