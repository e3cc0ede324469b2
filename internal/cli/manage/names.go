package manage

import (
	"fmt"
	"regexp"
)

var FunctionNames = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// checkFunctionName refuses function names that are invalid in the names of other
// resources.
func (m *Command) checkFunctionName() error {
	if name := m.FunctionName(); !FunctionNames.MatchString(name) {
		return fmt.Errorf("the name of the function is %q; it must have 1 to 64 letters, digits, - and _", name)
	}
	return nil
}
