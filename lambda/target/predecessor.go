package target

import "strconv"

// asPredecessor takes a flag that is stored as a string or number for what
// aws-lambda-fanout took it for, with a warning, and reports whether it did. It
// evaluated flags in JavaScript, where every text but the empty one is true, "false"
// too, and every number but 0; of active and parallel it required booleans, and
// ignored the target otherwise. It had no files, so in a file only a flag that says
// true in any reading is taken.
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
		c.warn(attribute, "is %s, and aws-lambda-fanout ignored a target with such a flag, so it counts as inactive; write a boolean (BOOL)", v.Kind)
		return true
	case c.path != "" && v.Text != "true" && v.Text != "1":
		return false
	case v.Kind == Number:
		n, err := strconv.ParseFloat(v.Text, 64)
		*flag = n != 0 || err != nil // too large for a float is not zero
	default:
		*flag = true
	}
	c.warn(attribute, "is %s, and counts as %t, as it did for aws-lambda-fanout; write a boolean (BOOL)", v.Kind, *flag)
	return true
}
