package sinks

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

// body is the body of a request under construction. It holds its own text and refers to
// the data of records instead of copying it. A request of 10 MiB so takes a few
// kilobytes, however many targets send the same records at the same time.
type body struct {
	own   []byte // text; from open on it is not in parts yet
	open  int
	parts [][]byte // the content in order; the first part is reserved for the framing
}

// The pools reuse bodies, because a request is about as large as the one before it. Large
// bodies have a pool of their own. Otherwise every body would grow large in time, also
// for small requests.
var smallBodies, largeBodies = sync.Pool{New: func() any { return new(body) }}, sync.Pool{New: func() any { return new(body) }}

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

// newBody returns an empty body with room for text bytes of text.
func newBody(text int) *body {
	b, _ := bodies(text).Get().(*body)
	b.own = slices.Grow(b.own, text)
	b.parts = append(b.parts, nil)
	return b
}

// free returns b to its pool. The caller must no longer refer to its parts.
func (b *body) free() {
	if cap(b.own) > maxKept {
		b.own = nil
	}
	clear(b.parts) // otherwise they keep records, and so events, in memory
	b.own, b.open, b.parts = b.own[:0], 0, b.parts[:0]
	bodies(cap(b.own)).Put(b)
}

// text appends s.
func (b *body) text(s string) { b.own = append(b.own, s...) }

// framing is about the length of a sink's text around the key and data of a record.
const framing = 64

// textAround estimates the length of a body's own text, for a body that refers to the
// data of batch. Data under minRef is copied, so it counts as text.
func textAround(batch []engine.Record) int {
	n := 0
	for i := range batch {
		n += framing + len(batch[i].Key)
		if size := batch[i].Data.TextLen(); size < minRef {
			n += size
		}
	}
	return n
}

// comma appends the text before item i of a JSON list.
func (b *body) comma(i int) {
	if i > 0 {
		b.own = append(b.own, ',')
	}
}

// quote appends s as a JSON string.
func (b *body) quote(s string) { b.own = appendJSON(b.own, s) }

// minRef is the length, in bytes, from which a reference is cheaper than a copy.
const minRef = 512

// add adds p. The caller must not change p until the request ends.
func (b *body) add(p []byte) { b.addFrom(minRef, p) }

// addFrom is like add, but refers to p from the given length on.
func (b *body) addFrom(length int, p []byte) {
	if len(p) < length {
		b.own = append(b.own, p...)
		return
	}
	b.cut()
	b.parts = append(b.parts, p)
}

// base64 adds p as base64 text.
func (b *body) base64(p engine.Payload) {
	if p.TextLen() < minRef {
		b.own = p.AppendText(b.own)
		return
	}
	b.add(p.Text())
}

// cut ends the part with the text since the last cut.
func (b *body) cut() {
	if b.open < len(b.own) {
		b.parts = append(b.parts, b.own[b.open:])
		b.open = len(b.own)
	}
}

// bytes returns a copy of the whole body.
func (b *body) bytes() []byte {
	b.cut()
	return bytes.Join(b.parts, nil)
}

// content is the content of a body for its readers. The transport may keep reading after
// the request ends, if the request was canceled or answered early. So the end of the
// request takes the content away: a late read returns a truncated body, which no service
// accepts, and never the data of another request.
type content struct {
	mu    sync.RWMutex
	parts [][]byte
	size  int64
}

func newContent(parts [][]byte) *content {
	c := &content{parts: parts}
	for _, p := range parts {
		c.size += int64(len(p))
	}
	return c
}

// hash returns the SHA-256 of the content in hex, for the signature.
func (c *content) hash() string {
	h := sha256.New()
	for _, p := range c.parts {
		_, _ = h.Write(p) // never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// take takes the content away from all readers.
func (c *content) take() {
	c.mu.Lock()
	c.parts = nil
	c.mu.Unlock()
}

// reader returns a reader of the whole content.
func (c *content) reader() *contentReader { return &contentReader{c: c} }

// contentReader reads a content. Close does nothing, because the content goes away at the
// end of the request.
type contentReader struct {
	c    *content
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

// blob returns p's bytes. It never returns nil, which the SDK takes for a missing field.
func blob(p engine.Payload) []byte {
	if b := p.Bytes(); b != nil {
		return b
	}
	return []byte{}
}
