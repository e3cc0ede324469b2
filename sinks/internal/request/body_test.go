package request

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"fanout/sinks/internal/digest"
)

// TestContentReader checks the reader of a body against the contracts of package io.
func TestContentReader(t *testing.T) {
	whole := []byte("one two three four")
	c := NewContent([][]byte{[]byte("one "), {}, []byte("two three"), []byte(" four"), {}})
	if err := iotest.TestReader(c.Reader(), whole); err != nil {
		t.Error(err)
	}
	if c.Hash() != digest.Hex(whole) || c.Size != int64(len(whole)) {
		t.Errorf("%d bytes with SHA-256 %s", c.Size, c.Hash())
	}
	r := c.Reader()
	for offset := range whole {
		if _, err := r.Seek(int64(offset), io.SeekStart); err != nil || r.Len() != len(whole)-offset {
			t.Fatalf("Seek(%d): error %v, %d bytes are left", offset, err, r.Len())
		}
		if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(rest, whole[offset:]) {
			t.Errorf("after Seek(%d): %q, error %v", offset, rest, err)
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek(-1) has no error")
	}
	_, _ = r.Seek(0, io.SeekStart)
	c.Take()
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("after it was taken away it reads %q, error %v", rest, err)
	}
}

// TestBodyReuse asserts that a body returns to its pool without its references, and
// without text that takes much memory.
func TestBodyReuse(t *testing.T) {
	b := NewBody(0)
	b.Add(make([]byte, MinRef))
	b.Text(strings.Repeat("x", maxKept+1))
	b.Cut()
	parts := b.Parts
	b.Free()
	for i, p := range parts {
		if p != nil {
			t.Errorf("part %d of a body that is not in use is kept: %d bytes", i, len(p))
		}
	}
	if cap(b.Own) > maxKept {
		t.Errorf("%d bytes of text are kept", cap(b.Own))
	}
}

// TestBodySizes asserts that a body has room for its text, and that a small request never
// gets a large body.
func TestBodySizes(t *testing.T) {
	for range 100 {
		large := NewBody(manyBytes + 1)
		if cap(large.Own) <= manyBytes {
			t.Fatalf("room for %d bytes", cap(large.Own))
		}
		large.Free()
		small := NewBody(10)
		if n := cap(small.Own); n < 10 || n > manyBytes {
			t.Fatalf("room for %d bytes", n)
		}
		small.Free()
	}
}
