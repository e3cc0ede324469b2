package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
)

// TestContentReader checks the reader of a body against the contracts of package io.
func TestContentReader(t *testing.T) {
	whole := []byte("one two three four")
	c := newContent([][]byte{[]byte("one "), {}, []byte("two three"), []byte(" four"), {}})
	if err := iotest.TestReader(&contentReader{c: c}, whole); err != nil {
		t.Error(err)
	}
	if c.hash() != sha256Hex(whole) || c.size != int64(len(whole)) {
		t.Errorf("%d bytes with SHA-256 %s", c.size, c.hash())
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
	c.take()
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("after it was taken away it reads %q, error %v", rest, err)
	}
}

// TestBodyReuse asserts that a body returns to its pool without its references, and
// without text that takes much memory.
func TestBodyReuse(t *testing.T) {
	b := newBody(0)
	b.add(make([]byte, minRef))
	b.text(strings.Repeat("x", maxKept+1))
	b.cut()
	parts := b.parts
	b.free()
	for i, p := range parts {
		if p != nil {
			t.Errorf("part %d of a body that is not in use is kept: %d bytes", i, len(p))
		}
	}
	if cap(b.own) > maxKept {
		t.Errorf("%d bytes of text are kept", cap(b.own))
	}
}

// TestBodySizes asserts that a body has room for its text, and that a small request never
// gets a large body.
func TestBodySizes(t *testing.T) {
	for range 100 {
		large := newBody(manyBytes + 1)
		if cap(large.own) <= manyBytes {
			t.Fatalf("room for %d bytes", cap(large.own))
		}
		large.free()
		small := newBody(10)
		if n := cap(small.own); n < 10 || n > manyBytes {
			t.Fatalf("room for %d bytes", n)
		}
		small.free()
	}
}

// TestBodyAfterSend has a transport keep reading a request that was answered early. After
// Send returns, other requests use the records and buffers, and the transport must see
// none of that.
func TestBodyAfterSend(t *testing.T) {
	open := map[string]func(aws.Config) engine.Sink{
		"es": func(cfg aws.Config) engine.Sink {
			cfg.BaseEndpoint = aws.String("https://host")
			return openES(t, cfg, nil)
		},
	}
	for _, s := range services {
		open[s.name] = func(cfg aws.Config) engine.Sink { return s.open(cfg) }
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			returned, late := make(chan struct{}), make(chan []byte)
			cfg := (&wire{}).config()
			cfg.HTTPClient = do(func(r *http.Request) (*http.Response, error) {
				if _, err := io.ReadFull(r.Body, make([]byte, 1000)); err != nil {
					t.Error(err)
				}
				go func() {
					<-returned
					rest, _ := io.ReadAll(r.Body)
					late <- rest
				}()
				return &http.Response{StatusCode: http.StatusInternalServerError, Request: r, Header: http.Header{}, Body: http.NoBody}, nil
			})
			data := fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 10*minRef))
			recs := numbered(2)
			recs[1].Data = engine.Bytes(data)
			if o := open(cfg).Send(t.Context(), recs); o.OK() {
				t.Error("delivered, though nothing was acknowledged")
			}
			copy(data, bytes.Repeat([]byte("!"), len(data)))
			reused := newBody(0)
			reused.own = append(reused.own[:0], bytes.Repeat([]byte("!"), max(cap(reused.own), minRef))...)
			close(returned)
			if rest := <-late; len(rest) > 0 {
				t.Errorf("%d bytes could be read after Send: %.50q", len(rest), rest)
			}
		})
	}
}

// TestStaleConnection asserts that a request moves to another connection if the service
// closed the first one before anything was written. net/http then asks for the body
// again.
func TestStaleConnection(t *testing.T) {
	for i, s := range services {
		t.Run(s.name, func(t *testing.T) {
			w := &wire{answer: "{}"}
			cfg := w.config()
			var again string
			cfg.HTTPClient = do(func(r *http.Request) (*http.Response, error) {
				if r.GetBody == nil {
					return nil, errors.New("the body cannot be read again")
				}
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				text, err := io.ReadAll(body)
				again = string(text)
				return nil, errors.Join(err, body.Close())
			})
			recs := []engine.Record{{Key: "k", Seq: "1", Data: engine.Bytes([]byte("text"))}}
			s.open(cfg).Send(t.Context(), recs)
			if _, want := request(t, plainServices[i], recs); again != want {
				t.Errorf("read again the body is\n%s\nwant\n%s", again, want)
			}
		})
	}
}

// TestBrokenAnswer asserts that a truncated answer acknowledges nothing.
func TestBrokenAnswer(t *testing.T) {
	for _, s := range services {
		whole := answerTo(s.name, 2)
		for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 1, len(whole)} {
			t.Run(fmt.Sprintf("%s/%d", s.name, n), func(t *testing.T) {
				w := &wire{}
				cfg := w.config()
				cfg.HTTPClient = do(func(r *http.Request) (*http.Response, error) {
					answer := io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(io.ErrUnexpectedEOF))
					return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(answer)}, nil
				})
				o := s.open(cfg).Send(t.Context(), numbered(2))
				for i := range 2 {
					if err := o.Err(i); err == nil || engine.ClassOf(err) != engine.Retryable {
						t.Errorf("record %d has error %v", i, err)
					}
				}
			})
		}
	}
}
