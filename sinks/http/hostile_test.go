package http

import (
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"fanout/internal/testing/race"
	"fanout/sinks"
)

// TestHostile asserts that an endless answer, of the server or of the one that has its tokens,
// costs its own request alone, and little memory.
func TestHostile(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes it slow")
	}
	filler := strings.Repeat("s3cr3t", 10_000)
	endless := func(w io.Writer, head string) {
		_, err := io.WriteString(w, head)
		for sent := 0; sent < 100<<20 && err == nil; sent += len(filler) {
			_, err = io.WriteString(w, filler)
		}
	}
	for _, tt := range []struct {
		name    string
		status  int
		headers int // bytes of a header
		token   bool
	}{
		{"delivered", 200, 0, false},
		{"refused", 400, 0, false},
		{"redirect", 302, 0, false},
		{"a long header", 500, 10 << 20, false},
		{"a token", 200, 0, true},
		{"no token", 401, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if tt.headers > 0 {
					w.Header().Set("X-Long", strings.Repeat("x", tt.headers))
				}
				w.WriteHeader(tt.status)
				endless(w, `{"access_token":"`)
			}))
			defer server.Close()
			o := Options{Private: true}
			if tt.token {
				withSecret(sinks.AuthOAuth2, `{"tokenUrl":"`+server.URL+`","clientId":"i","clientSecret":"x"}`)(&o)
			}
			sink, err := New(server.URL, o)
			if err != nil {
				t.Fatal(err)
			}
			defer sink.Close()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err = send(t, sink, "{}")
			runtime.ReadMemStats(&after)
			most := uint64(4 << 20)
			most += 4 * uint64(tt.headers) // the server's own
			if n := after.TotalAlloc - before.TotalAlloc; n > most {
				t.Errorf("the request allocates %d bytes", n)
			}
			if (err == nil) != (tt.status == 200 && !tt.token) || err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v", err)
			}
		})
	}
}
