package request

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"

	"fanout/engine"
)

// Body is the body of a request under construction. It holds its own text and refers to
// the data of records instead of copying it. A request of 10 MiB so takes a few
// kilobytes, however many targets send the same records at the same time.
type Body struct {
	Own   []byte // text; from open on it is not in parts yet
	open  int
	Parts [][]byte // the content in order; the first part is reserved for the framing
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

func bodies(text int) *sync.Pool {
	if text > manyBytes {
		return &largeBodies
	}
	return &smallBodies
}

// NewBody returns an empty body with room for text bytes of text.
func NewBody(text int) *Body {
	b, _ := bodies(text).Get().(*Body)
	b.Own = slices.Grow(b.Own, text)
	b.Parts = append(b.Parts, nil)
	return b
}

// Free returns b to its pool. The caller must no longer refer to its parts.
func (b *Body) Free() {
	if cap(b.Own) > maxKept {
		b.Own = nil
	}
	clear(b.Parts) // otherwise they keep records, and so events, in memory
	b.Own, b.open, b.Parts = b.Own[:0], 0, b.Parts[:0]
	bodies(cap(b.Own)).Put(b)
}

// Text appends s.
func (b *Body) Text(s string) { b.Own = append(b.Own, s...) }

// Framing is about the length of a sink's text around the key and data of a record.
const Framing = 64

// TextAround estimates the length of a body's own text, for a body that refers to the
// data of batch. Data under minRef is copied, so it counts as text.
func TextAround(batch []engine.Record) int {
	n := 0
	for i := range batch {
		n += Framing + len(batch[i].Key)
		if size := batch[i].Data.TextLen(); size < MinRef {
			n += size
		}
	}
	return n
}

// Comma appends the text before item i of a JSON list.
func (b *Body) Comma(i int) {
	if i > 0 {
		b.Own = append(b.Own, ',')
	}
}

// Quote appends s as a JSON string.
func (b *Body) Quote(s string) { b.Own = AppendJSON(b.Own, s) }

// MinRef is the length, in bytes, from which a reference is cheaper than a copy.
const MinRef = 512

// Add adds p. The caller must not change p until the request ends.
func (b *Body) Add(p []byte) { b.AddFrom(MinRef, p) }

// AddFrom is like add, but refers to p from the given length on.
func (b *Body) AddFrom(length int, p []byte) {
	if len(p) < length {
		b.Own = append(b.Own, p...)
		return
	}
	b.Cut()
	b.Parts = append(b.Parts, p)
}

// Base64 adds p as base64 text.
func (b *Body) Base64(p engine.Payload) {
	if p.TextLen() < MinRef {
		b.Own = p.AppendText(b.Own)
		return
	}
	b.Add(p.Text())
}

// Cut ends the part with the text since the last cut.
func (b *Body) Cut() {
	if b.open < len(b.Own) {
		b.Parts = append(b.Parts, b.Own[b.open:])
		b.open = len(b.Own)
	}
}

// Bytes returns a copy of the whole body.
func (b *Body) Bytes() []byte {
	b.Cut()
	return bytes.Join(b.Parts, nil)
}

// Content is the content of a body for its readers. The transport may keep reading after
// the request ends, if the request was canceled or answered early. So the end of the
// request takes the content away: a late read returns a truncated body, which no service
// accepts, and never the data of another request.
type Content struct {
	mu    sync.RWMutex
	parts [][]byte
	Size  int64
}

func NewContent(parts [][]byte) *Content {
	c := &Content{parts: parts}
	for _, p := range parts {
		c.Size += int64(len(p))
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

// Take takes the content away from all readers.
func (c *Content) Take() {
	c.mu.Lock()
	c.parts = nil
	c.mu.Unlock()
}

// Reader returns a reader of the whole content.
func (c *Content) Reader() *contentReader { return &contentReader{c: c} }

// contentReader reads a content. Close does nothing, because the content goes away at the
// end of the request.
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
		offset += r.c.Size
	}
	if offset < 0 {
		return 0, errors.New("a request's body has no part before its beginning")
	}
	r.c.mu.RLock()
	defer r.c.mu.RUnlock()
	r.part, r.at, r.pos = 0, 0, min(offset, r.c.Size)
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
func (r *contentReader) Len() int { return int(r.c.Size - r.pos) }

// Blob returns p's bytes. It never returns nil, which the SDK takes for a missing field.
func Blob(p engine.Payload) []byte {
	if b := p.Bytes(); b != nil {
		return b
	}
	return []byte{}
}
