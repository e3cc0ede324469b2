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

// body is the body of a request in the making: text of its own and, between that,
// data of records, which it refers to instead of copying it. So a request of 10 MiB
// takes a few kilobytes, however many targets send the same records at once.
type body struct {
	own   []byte // text; what begins at open is not in parts yet
	open  int
	parts [][]byte // what makes the body, in order; the first is left to what frames it
}

// bodies are reused: a request has about the size of the one before it. Those with
// much text are kept apart, or in time each had as much, however little it holds.
var smallBodies, largeBodies = sync.Pool{New: func() any { return new(body) }}, sync.Pool{New: func() any { return new(body) }}

const (
	// manyBytes of text make a body a large one: one that holds data, of messages of
	// SQS or SNS, rather than refers to it.
	manyBytes = 256 << 10

	// maxKept bounds the text of a body that is reused, in bytes.
	maxKept = 2 << 20
)

func bodies(text int) *sync.Pool {
	if text > manyBytes {
		return &largeBodies
	}
	return &smallBodies
}

// newBody returns an empty body with room for so many bytes of text.
func newBody(text int) *body {
	b, _ := bodies(text).Get().(*body)
	b.own = slices.Grow(b.own, text)
	b.parts = append(b.parts, nil)
	return b
}

// free gives b back. Nothing may refer to its parts any more.
func (b *body) free() {
	if cap(b.own) > maxKept {
		b.own = nil
	}
	clear(b.parts) // they would keep records, and so events, in memory
	b.own, b.open, b.parts = b.own[:0], 0, b.parts[:0]
	bodies(cap(b.own)).Put(b)
}

// text appends s.
func (b *body) text(s string) { b.own = append(b.own, s...) }

// framing is about what a sink writes around the key and the data of a record.
const framing = 64

// textAround is about how much text a body has that refers to the data of batch, unless
// that is too short.
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

// comma appends what stands before item i of a list in JSON.
func (b *body) comma(i int) {
	if i > 0 {
		b.own = append(b.own, ',')
	}
}

// quote appends s as a JSON string.
func (b *body) quote(s string) { b.own = appendJSON(b.own, s) }

// minRef is the length from which a part of its own is cheaper than a copy.
const minRef = 512

// add adds p, which must not change until the request is over.
func (b *body) add(p []byte) { b.addFrom(minRef, p) }

// addFrom is add with another length from which p is not copied.
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

// cut ends the part that consists of the text since the last cut.
func (b *body) cut() {
	if b.open < len(b.own) {
		b.parts = append(b.parts, b.own[b.open:])
		b.open = len(b.own)
	}
}

// bytes is a copy of the whole body.
func (b *body) bytes() []byte {
	b.cut()
	return bytes.Join(b.parts, nil)
}

// content is the content of a body for those who send it. The transport may go on
// reading after the request is over, when that was cut short or answered early. So
// the end of the request takes the content away from it: what it then reads is a
// body cut short, which no service accepts, and never the data of another request.
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

// hash returns the SHA-256 of the content in hex, for its signature.
func (c *content) hash() string {
	h := sha256.New()
	for _, p := range c.parts {
		_, _ = h.Write(p) // never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// take takes the content away from all who read it.
func (c *content) take() {
	c.mu.Lock()
	c.parts = nil
	c.mu.Unlock()
}

// contentReader reads a content. Close does nothing: it is the end of the request that
// takes the content away.
type contentReader struct {
	c    *content
	part int   // to read from
	at   int   // in that part
	pos  int64 // in the content
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

// Len is the number of bytes that are left to read.
func (r *contentReader) Len() int { return int(r.c.size - r.pos) }
