package http

import (
	"context"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"fanout/engine"
	"fanout/sinks"
)

// server is a web server that can fail.
type server struct {
	*httptest.Server

	mu      sync.Mutex
	bodies  [][]byte
	headers []nethttp.Header // of all requests
	next    []answer         // of the next requests; then 204
}

// answer is an answer of a server.
type answer struct {
	status int
	header nethttp.Header
	body   string
	hangUp bool // no answer
}

func start(t testing.TB) *server {
	t.Helper()
	s := new(server)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers = append(s.headers, r.Header.Clone())
	if len(s.next) > 0 {
		a := s.next[0]
		s.next = s.next[1:]
		if a.hangUp {
			panic(nethttp.ErrAbortHandler)
		}
		for name, values := range a.header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
		if a.status/100 != 2 {
			return
		}
	} else {
		w.WriteHeader(nethttp.StatusNoContent)
	}
	s.bodies = append(s.bodies, body)
}

// script sets the next answers.
func (s *server) script(next ...answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = next
}

// accepted returns the bodies of the requests with a status of 2xx.
func (s *server) accepted() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// last returns the header of the last request.
func (s *server) last() nethttp.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers[len(s.headers)-1]
}

// requests returns the number of requests.
func (s *server) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.headers)
}

const source = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"

// openOn returns a sink for s, which may be on this machine.
func openOn(t testing.TB, s *server, change func(*Options), opts ...sinks.Option) *Sink {
	t.Helper()
	o := Options{Private: true}
	if change != nil {
		change(&o)
	}
	sink, err := New(s.URL+"/hook?x=1", o, append(opts, sinks.Source(source))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	return sink
}

// fixed returns a secret with a text.
func fixed(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

// withSecret returns a change to an auth with a secret.
func withSecret(auth, text string) func(*Options) {
	return func(o *Options) { o.Auth, o.Secret = auth, fixed(text) }
}

func record(data string) engine.Record {
	return engine.Record{Key: "k", Lane: "shardId-000000000000", Seq: "4900", Data: engine.Bytes([]byte(data))}
}

// send sends a record alone.
func send(t testing.TB, s *Sink, data string) error {
	t.Helper()
	o := s.Send(t.Context(), []engine.Record{record(data)})
	return o.Err(0)
}
