package request

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"fanout/sinks/internal/ids"
)

// TestContentReader checks the reader of a body against the contracts of package io.
func TestContentReader(t *testing.T) {
	whole := []byte("one two three four")
	c := newContent([][]byte{[]byte("one "), {}, []byte("two three"), []byte(" four"), {}})
	if err := iotest.TestReader(c.Reader(), whole); err != nil {
		t.Error(err)
	}
	if c.Hash() != ids.Hash(whole) || c.Len() != int64(len(whole)) {
		t.Errorf("%d bytes with SHA-256 %s", c.Len(), c.Hash())
	}
	r := &contentReader{c: c}
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
	c.Detach()
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("after it was detached it reads %q, error %v", rest, err)
	}
}
