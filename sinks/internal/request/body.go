package request

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"

	"fanout/engine"
	"fanout/internal/jsontext"
)

// Body is the body of a request under construction. It holds text and refers to the data
// of records instead of copying it. A request of 10 MiB so takes a few kilobytes, however
// many targets send the same records at the same time.
type Body struct {
	Buf   []byte   // text; callers append to it
	cut   int      // text before it is in parts
	parts [][]byte // the content in order
	hash  string   // of the content, once it is known
}

// The pools reuse bodies, because a request is about as large as the one before it. Large
// bodies have a pool of their own. Otherwise every body would grow large in time, also
// for small requests.
var smallBodies, largeBodies = sync.Pool{New: func() any { return new(Body) }}, sync.Pool{New: func() any { return new(Body) }}

const (
	// manyBytes is the length of text that makes a body large. A large body holds the
	// data itself, as for SQS or SNS messages, instead of referring to it.
	manyBytes = 256 << 10

	// maxKept is the limit, in bytes, of the text of a body that is reused.
	maxKept = 2 << 20
)

// poolFor returns the pool of bodies with size bytes of text.
func poolFor(size int) *sync.Pool {
	if size > manyBytes {
		return &largeBodies
	}
	return &smallBodies
}

// NewBody returns an empty body with room for size bytes of text.
func NewBody(size int) *Body {
	b, _ := poolFor(size).Get().(*Body)
	b.Buf = slices.Grow(b.Buf, size)
	return b
}

// Free returns b to its pool. Detach its content first.
func (b *Body) Free() {
	if cap(b.Buf) > maxKept {
		b.Buf = nil
	}
	clear(b.parts) // otherwise they keep records, and so events, in memory
	b.Buf, b.cut, b.parts, b.hash = b.Buf[:0], 0, b.parts[:0], ""
	poolFor(cap(b.Buf)).Put(b)
}

// Framing is about the length of a sink's text around the key and data of a record.
const Framing = 64

// TextLen estimates the length of a body's text, for a body that refers to the data of
// batch. Data under MinRef is copied, so it counts as text.
func TextLen(batch []engine.Record) int {
	n := 0
	for i := range batch {
		n += Framing + len(batch[i].Key)
		if size := batch[i].Data.TextLen(); size < MinRef {
			n += size
		}
	}
	return n
}

// Text appends s.
func (b *Body) Text(s string) { b.Buf = append(b.Buf, s...) }

// Comma appends the text before item i of a JSON list.
func (b *Body) Comma(i int) {
	if i > 0 {
		b.Buf = append(b.Buf, ',')
	}
}

// Quote appends s as a JSON string.
func (b *Body) Quote(s string) { b.Buf = jsontext.AppendString(b.Buf, s) }

// Base64 adds the data p as base64 text.
func (b *Body) Base64(p engine.Payload) {
	if p.TextLen() < MinRef {
		b.Buf = p.AppendText(b.Buf)
		return
	}
	b.Add(p.Text())
}

// MinRef is the length, in bytes, from which a reference is cheaper than a copy.
const MinRef = 512

// Add adds p. The caller must not change p until the request ends.
func (b *Body) Add(p []byte) { b.AddFrom(MinRef, p) }

// AddFrom is like Add, but refers to p from the given length on.
func (b *Body) AddFrom(length int, p []byte) {
	if len(p) < length {
		b.Buf = append(b.Buf, p...)
		return
	}
	b.flush()
	b.parts = append(b.parts, p)
}

// flush makes a part of the text since the last one.
func (b *Body) flush() {
	if b.cut < len(b.Buf) {
		b.parts = append(b.parts, b.Buf[b.cut:])
		b.cut = len(b.Buf)
	}
}

// Content returns the content of b, to which nothing is added any more.
func (b *Body) Content() *Content {
	b.flush()
	c := newContent(b.parts)
	c.hash = b.hash
	return c
}

// Hash returns the SHA-256 of the content in hex. Nothing is added any more.
func (b *Body) Hash() string {
	if b.hash == "" {
		b.hash = b.Content().Hash()
	}
	return b.hash
}

// Joined returns the content in one piece. Nothing is added any more.
func (b *Body) Joined() []byte {
	b.flush()
	return slices.Concat(b.parts...)
}

// Content is a complete body for its readers. The transport may keep reading after the
// request ends, if the request was canceled or answered early. So the end of the request
// detaches the content: a late read returns a truncated body, which no service accepts,
// and never the data of another request.
type Content struct {
	mu    sync.RWMutex
	parts [][]byte
	size  int64
	hash  string // "": not computed yet
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
	if c.hash != "" {
		return c.hash
	}
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
