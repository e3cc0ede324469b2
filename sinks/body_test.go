package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/engine"
)

// TestContentReader holds what reads a body to the contracts of io.
func TestContentReader(t *testing.T) {
	whole := []byte("one two three four")
	c := newContent([][]byte{[]byte("one "), {}, []byte("two three"), []byte(" four"), {}})
	if err := iotest.TestReader(&contentReader{c: c}, whole); err != nil {
		t.Error(err)
	}
	if c.sha256 != sha256Hex(whole) || c.size != int64(len(whole)) {
		t.Errorf("%d bytes with SHA-256 %s", c.size, c.sha256)
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

// TestBodyReuse asserts that a body is given back without what it referred to, and
// without text that would take much memory.
func TestBodyReuse(t *testing.T) {
	b := newBody()
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

// TestBodyAfterSend lets connections break, and services answer, while requests are
// being written. Once Send has returned, records and buffers are used for something
// else; a service must see none of that. The race detector would see it too.
func TestBodyAfterSend(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%3 == 0 { // an answer before the request has been read
			w.WriteHeader(http.StatusInternalServerError)
			_ = http.NewResponseController(w).Flush()
		}
		body, _ := io.ReadAll(r.Body) // an error is a body cut short
		own := r.Header.Get("X-Test-Letter")
		_, data, found := bytes.Cut(body, []byte(`[{"Data":"`))
		data, _, _ = bytes.Cut(data, []byte(`"`))
		if rest := bytes.Trim(data, own); found && len(rest) > 0 {
			t.Errorf("the request with %q holds %.20q", own, rest)
		}
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()

	var senders sync.WaitGroup
	for i := range 6 {
		letter := string(rune('a' + i))
		client := cutter{next: &http.Client{Transport: transport}, letter: letter}
		sink := services[i%2].open(aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String(server.URL),
			Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			HTTPClient:  HTTPClient(&client),
		})
		senders.Go(func() {
			for n := range 30 {
				text := bytes.Repeat([]byte(letter), 400<<10)
				small := engine.Bytes(bytes.Repeat([]byte{byte(n)}, n))
				recs := []engine.Record{{Key: "k", Data: engine.Base64(text)}, {Key: "k", Data: small}}
				if o := sink.Send(t.Context(), recs); o.OK() {
					t.Error("delivered, though nothing was acknowledged")
				}
				copy(text, bytes.Repeat([]byte("!"), len(text)))
			}
		})
	}
	senders.Wait()
}

// cutter is an HTTP client that cancels every other request while its body is read.
type cutter struct {
	next   aws.HTTPClient
	letter string
	n      int
}

func (c *cutter) Do(r *http.Request) (*http.Response, error) {
	if c.n++; c.n%2 == 0 {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = &cutBody{ReadCloser: r.Body, cancel: cancel}
	}
	r.Header.Set("X-Test-Letter", c.letter)
	return c.next.Do(r)
}

type cutBody struct {
	io.ReadCloser
	cancel func()
	reads  int
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.reads++; b.reads == 3 {
		b.cancel()
	}
	return b.ReadCloser.Read(p)
}

// TestStaleConnection asserts that a request whose connection the service has closed
// before anything was written goes to another connection: net/http asks for the body
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

// TestBrokenAnswer asserts that an answer which breaks off acknowledges nothing.
func TestBrokenAnswer(t *testing.T) {
	for _, s := range services {
		whole := answerTo(s.name, 2)
		for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 1, len(whole)} {
			if strings.HasPrefix(s.name, "sns") && n >= len(whole)-1 {
				continue // all that is said of records has come
			}
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
