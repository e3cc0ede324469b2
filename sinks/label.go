package sinks

import (
	"strings"
)

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

// lastPart returns the name at the end of an ARN or a URL. It returns a plain name
// unchanged.
func lastPart(s, separator string) string {
	return s[strings.LastIndex(s, separator)+1:]
}
