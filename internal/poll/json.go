package poll

import (
	"encoding/base64"
	"strconv"
	"time"

	"fanout/internal/jsontext"
)

// The JSON of events is written by hand, because order and form must be exact and
// writing it is most of a poller's work.

// appendMember appends a member of an object, with the comma that follows it.
func appendMember(dst []byte, name, value string) []byte {
	dst = append(dst, '"')
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	dst = jsontext.AppendString(dst, value)
	return append(dst, ',')
}

// appendBinary appends b as a string of base64.
func appendBinary(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// appendMillis appends t as seconds since 1970 with three decimals.
func appendMillis(dst []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	dst = strconv.AppendInt(dst, ms/1000, 10)
	frac := ms % 1000
	return append(dst, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
}
