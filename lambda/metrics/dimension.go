package metrics

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// dimension is a name and value by which CloudWatch distinguishes metrics.
type dimension struct{ name, value string }

// dimensions are the dimensions of a metric; unused ones are zero.
type dimensions [3]dimension

// used returns the dimensions in use.
func (d *dimensions) used() []dimension {
	n := 0
	for n < len(d) && d[n].name != "" {
		n++
	}
	return d[:n]
}

// maxDimensionValue is the maximum length of a dimension's value (CloudWatch API reference,
// Dimension).
const maxDimensionValue = 1024

// DimensionValue returns s as a valid value. It percent-encodes bytes that are not
// printable ASCII, ends a value that is too long with its hash, and replaces a blank value
// by "-".
func DimensionValue(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	v := s
	if !printable(v) {
		v = percentEncoded(v)
	}
	if len(v) > maxDimensionValue {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s)) // a hash never fails
		v = fmt.Sprintf("%s~%016x", v[:maxDimensionValue-17], h.Sum64())
	}
	return v
}

// printable reports whether s is printable ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if !isPrintable(s[i]) {
			return false
		}
	}
	return true
}

func isPrintable(c byte) bool { return ' ' <= c && c <= '~' }

func percentEncoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if isPrintable(s[i]) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}
