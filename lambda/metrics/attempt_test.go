package metrics

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func answer(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, "<ErrorResponse><Error><Type>Sender</Type><Code>"+code+"</Code><Message>no</Message></Error></ErrorResponse>")
	}
}

// hangUp closes the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestFate(t *testing.T) {
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		want   fate
	}{
		{"taken", nil, taken},
		{"an answer that is cut off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "<Put")
			w.(http.Flusher).Flush()
			hangUp(w, r)
		}, taken},
		{"throttled", answer(400, "Throttling"), kept},
		{"no permission", answer(403, "AccessDenied"), kept},
		{"out of order", answer(500, "InternalServiceError"), kept},
		{"a proxy", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, kept},
		{"a bad value", answer(400, "InvalidParameterValue"), refused},
		{"a missing one", answer(400, "MissingParameter"), refused},
		{"what CloudWatch cannot read", answer(400, "SerializationException"), refused},
		{"credentials that ended", answer(400, "ExpiredToken"), kept},
		{"too large", answer(413, "RequestEntityTooLarge"), refused},
		{"no answer", hangUp, unsure},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t, c.handle)
			if got, err := put(t.Context(), s.client(t)); got != c.want {
				t.Errorf("fate %d, want %d (%v)", got, c.want, err)
			}
		})
	}
}

// put makes one call and returns its fate.
func put(ctx context.Context, client Client) (fate, error) {
	var held tally
	inv := small(1)
	held.add(&inv)
	return NewCloudWatch(client, DefaultNamespace).call(ctx, held.entries)
}

func TestFateOfACallThatWasNotWritten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	s := newService(t, nil)
	s.URL = "http://" + l.Addr().String()
	if got, err := put(t.Context(), s.client(t)); got != kept {
		t.Errorf("refused connection: fate %d, want %d (%v)", got, kept, err)
	}
}

// TestFateOnAReusedConnection: a reused connection that closed without an answer had been
// idle. If the caller did not wait for the answer, the fate is unknown.
func TestFateOnAReusedConnection(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		want   fate
	}{
		{"closed", hangUp, kept},
		{"silent", func(http.ResponseWriter, *http.Request) { <-release }, unsure},
	} {
		calls.Store(0)
		s := newService(t, func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) > 1 {
				c.handle(w, r)
				return
			}
			io.WriteString(w, answered)
		})
		client := s.client(t)
		if got, err := put(t.Context(), client); got != taken {
			t.Fatalf("%s: the first call has fate %d (%v)", c.name, got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if got, err := put(ctx, client); got != c.want {
			t.Errorf("%s: fate %d, want %d (%v)", c.name, got, c.want, err)
		}
		cancel()
	}
	close(release)
}

func TestInterrupted(t *testing.T) {
	for err, want := range map[error]bool{
		context.Canceled: true, context.DeadlineExceeded: true, io.EOF: false,
		&net.OpError{Op: "read", Err: io.ErrUnexpectedEOF}: false,
	} {
		if got := interrupted(err); got != want {
			t.Errorf("interrupted(%v) = %t", err, got)
		}
	}
}
