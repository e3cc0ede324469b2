package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fanout/engine"
	"fanout/sinks"
)

// issuer is a token server and the server that takes its tokens. It is the transport of a
// client.
type issuer struct {
	mu       sync.Mutex
	issued   int
	life     string // expires_in; "": missing
	revoked  int    // tokens up to this number are not valid
	answer   *answer
	form     url.Values // of the last request for a token
	user     string
	slow     time.Duration
	accepted int
}

func (s *issuer) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.URL.Path == "/token" {
		time.Sleep(s.slow)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.form, _ = url.ParseQuery(string(body))
		s.user, _, _ = r.BasicAuth()
		if a := s.answer; a != nil {
			return reply(r, a.status, a.body, a.header), nil
		}
		s.issued++
		life := ""
		if s.life != "" {
			life = `,"expires_in":` + s.life
		}
		return reply(r, 200, fmt.Sprintf(`{"access_token":"t%d","token_type":"Bearer"%s}`, s.issued, life), nil), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer t%d", &n); err != nil || n <= s.revoked {
		return reply(r, 401, "", nil), nil
	}
	s.accepted++
	return reply(r, 204, "", nil), nil
}

func reply(r *nethttp.Request, status int, body string, h nethttp.Header) *nethttp.Response {
	if h == nil {
		h = nethttp.Header{}
	}
	return &nethttp.Response{StatusCode: status, Request: r, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

const clientSecret = `{"tokenUrl":"https://auth.example.com/token","clientId":"my id","clientSecret":"s3cr3t","scope":"a b"%s}`

// openOAuth returns a sink whose requests end in s.
func openOAuth(t *testing.T, s *issuer, more string) *Sink {
	t.Helper()
	sink, err := New("https://api.example.com/hook", Options{Auth: sinks.AuthOAuth2, Secret: fixed(fmt.Sprintf(clientSecret, more))})
	if err != nil {
		t.Fatal(err)
	}
	sink.client.Transport = s
	return sink
}

func TestTokens(t *testing.T) {
	s := &issuer{life: "3600"}
	if err := send(t, openOAuth(t, s, ""), "{}"); err != nil {
		t.Fatal(err)
	}
	if s.form.Encode() != "grant_type=client_credentials&scope=a+b" || s.user != "my+id" {
		t.Errorf("the token server got %s of %s", s.form.Encode(), s.user)
	}
	if err := send(t, openOAuth(t, s, `,"clientAuth":"body","audience":"x"`), "{}"); err != nil {
		t.Fatal(err)
	}
	if s.form.Encode() != "audience=x&client_id=my+id&client_secret=s3cr3t&grant_type=client_credentials&scope=a+b" || s.user != "" {
		t.Errorf("the token server got %s of %s", s.form.Encode(), s.user)
	}
}

// A token is kept, and renewed before its end.
func TestTokenIsRenewed(t *testing.T) {
	for _, tt := range []struct {
		life string
		keep time.Duration
	}{{"3600", 59 * time.Minute}, {"60", 30 * time.Second}, {"", tokenTime}, {`"1200"`, 19 * time.Minute}, {"0", tokenTime}, {"1e99", tokenTime}, {"999999999", 24*time.Hour - time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			s := &issuer{life: tt.life}
			sink := openOAuth(t, s, "")
			for _, step := range []struct {
				wait time.Duration
				want int
			}{{0, 1}, {tt.keep - time.Second, 1}, {time.Second, 2}, {time.Second, 2}} {
				time.Sleep(step.wait)
				if err := send(t, sink, "{}"); err != nil || s.issued != step.want {
					t.Errorf("expires_in %q, %v: %d tokens, want %d (%v)", tt.life, step.wait, s.issued, step.want, err)
				}
			}
		})
	}
}

// A refused token is replaced once. If its successor is refused too, the record fails, and the
// next one gets another token.
func TestTokenIsRefused(t *testing.T) {
	s := &issuer{life: "3600"}
	sink := openOAuth(t, s, "")
	for i, step := range []struct {
		revoked int
		want    []engine.Class
		issued  int
	}{
		{0, nil, 1},
		{1, []engine.Class{engine.Retryable}, 2},
		{2, []engine.Class{engine.Retryable}, 3},
		{4, []engine.Class{engine.Retryable, engine.Permanent}, 5},
	} {
		s.revoked = step.revoked
		for _, want := range step.want {
			if err := send(t, sink, "{}"); err == nil || engine.ClassOf(err) != want {
				t.Errorf("step %d: %v of class %v", i, err, engine.ClassOf(err))
			}
		}
		if err := send(t, sink, "{}"); err != nil || s.issued != step.issued {
			t.Errorf("step %d: %v after %d tokens", i, err, s.issued)
		}
	}
}

// One token serves all requests that wait for it, and none waits longer than its context.
func TestTokensConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &issuer{life: "3600", slow: time.Second}
		sink := openOAuth(t, s, "")
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if i == 5 {
					time.Sleep(time.Millisecond)
					time.AfterFunc(time.Millisecond, cancel)
				}
				o := sink.Send(ctx, []engine.Record{record("{}")})
				if err := o.Err(0); (err != nil) != (i == 5) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if s.issued != 1 || s.accepted != 9 {
			t.Errorf("%d tokens for %d requests", s.issued, s.accepted)
		}
	})
}

func TestTokenFaults(t *testing.T) {
	for _, tt := range []struct {
		answer answer
		want   engine.Class
		says   string
	}{
		{answer{status: 401, body: `{"error":"invalid_client","error_description":"s3cr3t"}`}, engine.Permanent, "401 Unauthorized: invalid_client: check the secret"},
		{answer{status: 400, body: `{"error":"s3cr3t"}`}, engine.Permanent, "400 Bad Request: check the secret"},
		{answer{status: 302, body: ``}, engine.Permanent, "302 Found"},
		{answer{status: 503, body: `s3cr3t`, header: nethttp.Header{"Retry-After": {"3"}}}, engine.Throttled, "503"},
		{answer{status: 500}, engine.Retryable, "500"},
		{answer{status: 200, body: `<html>s3cr3t`}, engine.Retryable, "no token"},
		{answer{status: 200, body: `{}`}, engine.Retryable, "no token"},
		{answer{status: 200, body: `{"access_token":"s3cr3t\nX: y"}`}, engine.Retryable, "no token"},
		{answer{status: 200, body: `{"access_token":"` + strings.Repeat("s3cr3t", 20_000) + `"}`}, engine.Retryable, "no token"},
	} {
		s := &issuer{answer: &tt.answer}
		err := send(t, openOAuth(t, s, ""), "{}")
		e, ok := errors.AsType[*engine.Error](err)
		if !ok || e.Class != tt.want || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "auth.example.com") || strings.Contains(err.Error(), "s3cr3t") || s.accepted != 0 {
			t.Errorf("%d: %v of class %v", tt.answer.status, err, engine.ClassOf(err))
		} else if (e.After == 3*time.Second) != (tt.answer.header != nil) {
			t.Errorf("%d: the wait is %v", tt.answer.status, e.After)
		}
	}
}
