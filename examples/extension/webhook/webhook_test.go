package webhook

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/sinks"
)

// server is a web server that can fail.
type server struct {
	mu     sync.Mutex
	got    [][]byte
	status int // of the next answer; 0: 200
	after  string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if status := s.status; status != 0 {
		s.status = 0
		w.Header().Set("Retry-After", s.after)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		return
	}
	s.got = append(s.got, body)
}

func start(t *testing.T) (*server, engine.Sink) {
	t.Helper()
	s := new(server)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	d, err := parse(web.URL + "/hook")
	if err != nil {
		t.Fatal(err)
	}
	sink, err := open(nil, &sinks.Spec{Type: Target, Destination: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.(io.Closer).Close() })
	return s, sink
}

func TestConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		s, sink := start(t)
		return enginetest.SinkHarness{
			Sink: sink,
			Accepted: func() [][]byte {
				s.mu.Lock()
				defer s.mu.Unlock()
				return slices.Clone(s.got)
			},
			Break: func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.status = http.StatusServiceUnavailable
			},
		}
	})
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]engine.Class{
		429: engine.Throttled, 503: engine.Throttled, 500: engine.Retryable, 408: engine.Retryable, 413: engine.TooLarge,
		400: engine.Permanent, 302: engine.Permanent,
	} {
		s, sink := start(t)
		s.status, s.after = status, "7"
		o := sink.Send(t.Context(), []engine.Record{{Data: engine.Bytes([]byte("secret"))}})
		err := o.Err(0)
		if err == nil || engine.ClassOf(err) != want || strings.Contains(err.Error(), "secret") {
			t.Errorf("status %d gives %v of class %v; want %v", status, err, engine.ClassOf(err), want)
		}
		if e, ok := err.(*engine.Error); !ok || e.After != 7*time.Second {
			t.Errorf("status %d: the wait is %+v", status, err)
		}
	}
}

func TestDestinations(t *testing.T) {
	for _, text := range []string{"", "example.com", "ftp://example.com", "https://", "https://user:secret@example.com"} {
		if _, err := parse(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
	d, err := parse("https://example.com/hook?key=secret")
	if err != nil || strings.Contains(fmt.Sprint(d), "secret") || d.URL() != "https://example.com/hook?key=secret" {
		t.Errorf("%v, %v", d, err)
	}
}
