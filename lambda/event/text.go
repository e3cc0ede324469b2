package event

import (
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
