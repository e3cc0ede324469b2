package sinks_test

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
	"fanout/sinks/internal/request"
	"fanout/sinks/internal/sinktest"
)

// TestBodyAfterSend has a transport keep reading a request that was answered early. After
// Send returns, other requests use the records and buffers, and the transport must see
// none of that.
func TestBodyAfterSend(t *testing.T) {
	open := map[string]func(aws.Config) engine.Sink{
		"es": func(cfg aws.Config) engine.Sink {
			cfg.BaseEndpoint = aws.String("https://host")
			return index(t, cfg)
		},
	}
	for _, s := range services {
		open[s.name] = func(cfg aws.Config) engine.Sink { return s.open(cfg) }
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			returned, late := make(chan struct{}), make(chan []byte)
			cfg := (&sinktest.Wire{}).Config()
			cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
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
			data := fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 10*request.MinRef))
			recs := sinktest.Numbered(2)
			recs[1].Data = engine.Bytes(data)
			if o := open(cfg).Send(t.Context(), recs); o.OK() {
				t.Error("delivered, though nothing was acknowledged")
			}
			copy(data, bytes.Repeat([]byte("!"), len(data)))
			reused := request.NewBody(0)
			reused.Buf = append(reused.Buf[:0], bytes.Repeat([]byte("!"), max(cap(reused.Buf), request.MinRef))...)
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
			w := &sinktest.Wire{Answer: "{}"}
			cfg := w.Config()
			var again string
			cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
				if r.GetBody == nil {
					return nil, errors.New("the body cannot be read again")
				}
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				text, err := io.ReadAll(body)
				again = string(text)
				return nil, errors.Join(err, body.Close(), errors.New("no answer"))
			})
			recs := []engine.Record{{Key: "k", Seq: "1", Data: engine.Bytes([]byte("text"))}}
			s.open(cfg).Send(t.Context(), recs)
			if _, want := requestOf(t, sdkServices[i], recs); again != want {
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
				w := &sinktest.Wire{}
				cfg := w.Config()
				cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
					answer := io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(io.ErrUnexpectedEOF))
					return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(answer)}, nil
				})
				o := s.open(cfg).Send(t.Context(), sinktest.Numbered(2))
				for i := range 2 {
					if err := o.Err(i); err == nil || engine.ClassOf(err) != engine.Retryable {
						t.Errorf("record %d has error %v", i, err)
					}
				}
			})
		}
	}
}
