package request

import (
	"strings"
	"testing"
)

// TestBodyReuse asserts that a body returns to its pool without its references, and
// without text that takes much memory.
func TestBodyReuse(t *testing.T) {
	b := NewBody(0)
	b.Add(make([]byte, MinRef))
	b.Text(strings.Repeat("x", maxKept+1))
	b.Content()
	parts := b.parts
	b.Free()
	for i, p := range parts {
		if p != nil {
			t.Errorf("part %d of a body that is not in use is kept: %d bytes", i, len(p))
		}
	}
	if cap(b.Buf) > maxKept {
		t.Errorf("%d bytes of text are kept", cap(b.Buf))
	}
}

// TestBodySizes asserts that a body has room for its text, and that a small request never
// gets a large body.
func TestBodySizes(t *testing.T) {
	for range 100 {
		large := NewBody(manyBytes + 1)
		if cap(large.Buf) <= manyBytes {
			t.Fatalf("room for %d bytes", cap(large.Buf))
		}
		large.Free()
		small := NewBody(10)
		if n := cap(small.Buf); n < 10 || n > manyBytes {
			t.Fatalf("room for %d bytes", n)
		}
		small.Free()
	}
}
