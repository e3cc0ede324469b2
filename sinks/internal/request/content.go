package request

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sync"
)

// Content is a complete body for its readers. The transport may keep reading after the
// request ends, if the request was canceled or answered early. So the end of the request
// detaches the content: a late read returns a truncated body, which no service accepts,
// and never the data of another request.
type Content struct {
	mu    sync.RWMutex
	parts [][]byte
	size  int64
}

func newContent(parts [][]byte) *Content {
	c := &Content{parts: parts}
	for _, p := range parts {
		c.size += int64(len(p))
	}
	return c
}

// Hash returns the SHA-256 of the content in hex, for the signature.
func (c *Content) Hash() string {
	h := sha256.New()
	for _, p := range c.parts {
		_, _ = h.Write(p) // never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Len returns the length of the whole content in bytes.
func (c *Content) Len() int64 { return c.size }

// Detach takes the content away from all readers.
func (c *Content) Detach() {
	c.mu.Lock()
	c.parts = nil
	c.mu.Unlock()
}

// Reader returns a reader of the whole content.
func (c *Content) Reader() io.ReadSeekCloser { return &contentReader{c: c} }

// contentReader reads a content. Close does nothing, because the end of the request
// detaches the content.
type contentReader struct {
	c    *Content
	part int   // part to read from
	at   int   // offset in that part
	pos  int64 // offset in the content
}

// Read implements io.Reader.
func (r *contentReader) Read(p []byte) (n int, err error) {
	r.c.mu.RLock()
	defer r.c.mu.RUnlock()
	for n < len(p) && r.part < len(r.c.parts) {
		k := copy(p[n:], r.c.parts[r.part][r.at:])
		n, r.at = n+k, r.at+k
		if r.at == len(r.c.parts[r.part]) {
			r.part, r.at = r.part+1, 0
		}
	}
	r.pos += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker.
func (r *contentReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.c.size
	}
	if offset < 0 {
		return 0, errors.New("a request's body has no part before its beginning")
	}
	r.c.mu.RLock()
	defer r.c.mu.RUnlock()
	r.part, r.at, r.pos = 0, 0, min(offset, r.c.size)
	for left := r.pos; r.part < len(r.c.parts); r.part++ {
		if n := int64(len(r.c.parts[r.part])); left >= n {
			left -= n
			continue
		}
		r.at = int(left)
		break
	}
	return r.pos, nil
}

// Close implements io.Closer.
func (*contentReader) Close() error { return nil }

// Len returns the number of unread bytes.
func (r *contentReader) Len() int { return int(r.c.size - r.pos) }
