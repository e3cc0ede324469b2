package cli

import (
	"fmt"
	"regexp"
)

var functionNames = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// checkFunctionName refuses function names that are invalid in the names of other
// resources.
func (m *manage) checkFunctionName() error {
	if name := m.functionName(); !functionNames.MatchString(name) {
		return fmt.Errorf("the name of the function is %q; it must have 1 to 64 letters, digits, - and _", name)
	}
	return nil
}
