package event

import (
	"time"
	"unsafe"

	"fanout/internal/jsonscan"
)

// arena allocates memory for texts, many short ones from one chunk.
type arena struct {
	free  []byte // unused rest of the last chunk, with length 0
	chunk int    // size of the last chunk
}

// Sizes of an arena's first and largest chunk. Each chunk is twice the previous one.
const (
	minChunk = 1 << 10
	maxChunk = 64 << 10
)

// take returns an empty slice with room for n bytes.
func (a *arena) take(n int) []byte {
	if n > maxChunk/8 {
		return make([]byte, 0, n)
	}
	if cap(a.free) < n {
		a.chunk = max(n, min(max(2*a.chunk, minChunk), maxChunk))
		a.free = make([]byte, 0, a.chunk)
	}
	taken := a.free[:0:n]
	a.free = a.free[n:n]
	return taken
}

// bytes returns a string's decoded content. Without escapes this is a slice of the event.
func (a *arena) bytes(v jsonscan.Value) []byte {
	if v.Kind == jsonscan.Escaped {
		return jsonscan.AppendUnescaped(a.take(len(v.Raw)), v.Raw) // an escape is longer than its character
	}
	return v.Raw
}

// string is like bytes, but returns a string.
func (a *arena) string(v jsonscan.Value) string { return share(a.bytes(v)) }

// share returns b as a string. The caller must no longer write to b.
func share(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // Decode asks that the event stay as it is
}

// maxMillis is the last valid millisecond, the end of the year 9999. Times outside the
// range count as unknown.
const maxMillis = 253402300799999

// millis converts seconds since 1970, written as a JSON number (1545084650.987,
// 1.545084650987E9), to milliseconds. The result is exact; fractions of a millisecond are
// cut off. For an invalid time it returns 0, which means unknown.
func millis(v jsonscan.Value) int64 {
	if v.Kind != jsonscan.Number {
		return 0
	}
	s, digits, point := v.Raw, 0, -1
	for digits < len(s) && (isDigit(s[digits]) || s[digits] == '.') {
		if s[digits] == '.' {
			point = digits
		}
		digits++
	}
	mantissa, exp := s[:digits], exponent(s[digits:])
	whole := point // digits before the point
	if point < 0 {
		whole = digits
	}
	// places is the number of digits that form the milliseconds.
	places, n := whole+exp+3, int64(0)
	for _, c := range mantissa {
		if places <= 0 {
			return n
		}
		if c == '.' {
			continue
		}
		n = 10*n + int64(c-'0')
		places--
		if n > maxMillis {
			return 0
		}
	}
	for ; places > 0 && n > 0; places-- {
		if n *= 10; n > maxMillis {
			return 0
		}
	}
	return n
}

// exponent reads the rest of a valid JSON number after the mantissa: nothing, or an
// exponent. It caps the exponent, far beyond any value that changes a time.
func exponent(s []byte) int {
	if len(s) == 0 || s[0] == '-' {
		return 0
	}
	n, negative := 0, false
	for _, c := range s[1:] {
		switch {
		case c == '-':
			negative = true
		case isDigit(c):
			n = min(10*n+int(c-'0'), 1<<30)
		}
	}
	if negative {
		return -n
	}
	return n
}

// timestamp reads the time of an SNS notification (RFC 3339), in Unix milliseconds.
func timestamp(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0
	}
	return max(t.UnixMilli(), 0)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
