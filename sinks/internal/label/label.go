// Package label shortens the names of destinations.
package label

import "strings"

// Last returns the name at the end of an ARN or a URL. It returns a plain name
// unchanged.
func Last(s, separator string) string {
	return s[strings.LastIndex(s, separator)+1:]
}
