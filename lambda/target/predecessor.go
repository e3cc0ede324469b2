package target

import "strconv"

// asPredecessor interprets a flag that is stored as a string or number like
// aws-lambda-fanout, with a warning, and reports whether it did. aws-lambda-fanout
// evaluated flags in JavaScript, where every nonempty text is true, even "false", and so is
// every number except 0. For active and parallel it required booleans, and otherwise
// ignored the target. It had no files, so a file may only use a flag that is true in any
// reading.
func (c *checker) asPredecessor(attribute string, v Value, flag *bool) bool {
	if v.Kind != String && v.Kind != Number {
		return false
	}
	switch {
	case attribute == "active" || attribute == "parallel":
		if c.path != "" {
			return false
		}
		c.ignored = true
		c.warn(attribute, "is %s, but aws-lambda-fanout ignored targets with such a flag, so this one counts as inactive; write a boolean (BOOL)", v.Kind)
		return true
	case c.path != "" && v.Text != "true" && v.Text != "1":
		return false
	case v.Kind == Number:
		n, err := strconv.ParseFloat(v.Text, 64)
		*flag = n != 0 || err != nil // a number too large for a float is not zero
	default:
		*flag = true
	}
	c.warn(attribute, "is %s, which counts as %t, as in aws-lambda-fanout; write a boolean (BOOL)", v.Kind, *flag)
	return true
}
