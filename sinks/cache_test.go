package sinks

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
)

// hostile are records that would become commands, or break some, if keys and data mixed
// with the protocol.
func hostile() []engine.Record {
	keys := []string{
		"", " ", "a b", "a\r\nset injected 0 0 1\r\nx", "\r\n", "\n", "\t", "a\x00b", "\x00", `"quoted" 'twice'`,
		"$4\r\nevil\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "noreply", "ünïcode \U0001F600", "ünïcode", "\xff\xfe", "\x7f", "\u0085\u00a0",
		strings.Repeat("k", 250), strings.Repeat("k", 251), strings.Repeat("k", 300), strings.Repeat("é", 126), "{slot}", "%s%d",
	}
	data := [][]byte{
		nil, []byte("x\r\nset injected 0 0 1\r\nx\r\n"), []byte("END\r\n"), []byte("\x00\xff\xfe"), []byte("+OK\r\n"),
		bytes.Repeat([]byte("\r\n"), 100),
	}
	recs := make([]engine.Record, len(keys))
	for i, key := range keys {
		recs[i] = engine.Record{Key: key, Lane: "s", Seq: fmt.Sprint(i), Action: "PUT", Data: engine.Bytes(data[i%len(data)])}
	}
	return recs
}

// puts returns one PUT for each pair of key and value.
func puts(pairs ...string) []engine.Record {
	var recs []engine.Record
	for i := 0; i < len(pairs); i += 2 {
		recs = append(recs, engine.Record{Key: pairs[i], Seq: fmt.Sprint(i), Action: "PUT", Data: engine.Bytes([]byte(pairs[i+1]))})
	}
	return recs
}

// removal is the record of a key deleted from a table.
func removal(key string) engine.Record {
	return engine.Record{Key: key, Action: "REMOVE", Data: engine.Bytes([]byte("{}"))}
}

// certificates returns the TLS configurations of a server at 127.0.0.1 and of clients
// that trust it.
func certificates(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

// known returns fixed credentials.
func known(user, password string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return user, password, nil }
}

// TestCacheCredentials asserts that an error keeps the class of the secret service's
// error.
func TestCacheCredentials(t *testing.T) {
	tests := []struct {
		err   error
		class engine.Class
		text  string
	}{
		{engine.Errorf(engine.Permanent, "the secret has no password"), engine.Permanent, "the secret has no password"},
		{fmt.Errorf("get: %w", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform secretsmanager:GetSecretValue"}),
			engine.Permanent, "cache, credentials: AccessDeniedException: access is denied: check credentials and permissions: not authorized to perform secretsmanager:GetSecretValue"},
		{&smithy.GenericAPIError{Code: "ThrottlingException"}, engine.Throttled, "cache, credentials: ThrottlingException: the service takes no more for now"},
		{context.DeadlineExceeded, engine.Retryable, "cache, credentials: the attempt was cut short, so what arrived is unknown"},
	}
	for _, tt := range tests {
		c := Cache{Credentials: func(context.Context) (string, string, error) { return "user", "password", tt.err }}
		user, password, err := c.credentials(t.Context(), "cache")
		if user+password != "" || engine.ClassOf(err) != tt.class || err.Error() != tt.text {
			t.Errorf("%v: got %q, %v of class %v; want %q of class %v", tt.err, user+password, err, engine.ClassOf(err), tt.text, tt.class)
		}
	}
}

func TestLatest(t *testing.T) {
	recs := puts("a", "1", "b", "2", "a", "3")
	recs = append(recs, removal("b"))
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 3}, latest(recs)); diff != "" {
		t.Error(diff)
	}
}

func TestCertified(t *testing.T) {
	for _, tt := range [][3]string{
		{"node.example.com:6379", "cache.example.com", "node.example.com"},
		{"10.0.0.1:6379", "cache.example.com", "cache.example.com"},
		{"[::1]:6379", "cache.example.com", "cache.example.com"},
		{"10.0.0.1", "10.0.0.1", "10.0.0.1"},
		{"node.example.com", "cache.example.com", "node.example.com"},
	} {
		if got := certified(tt[0], tt[1]); got != tt[2] {
			t.Errorf("certified(%q, %q) = %q; want %q", tt[0], tt[1], got, tt[2])
		}
	}
}

func TestWithin(t *testing.T) {
	if !within(t.Context(), func() {}) {
		t.Error("what has run has not run")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	release, ended := make(chan struct{}), make(chan struct{})
	if within(ctx, func() { <-release; close(ended) }) {
		t.Error("what has not run has run")
	}
	close(release)
	<-ended
	defer func() {
		if p := recover(); p != "why" {
			t.Errorf("recovered %v", p)
		}
	}()
	within(t.Context(), func() { panic("why") })
}

func TestDisconnected(t *testing.T) {
	classed := engine.Errorf(engine.Permanent, "no user")
	for _, tt := range []struct {
		err   error
		class engine.Class
		text  string
	}{
		{errors.New("connection reset\nby peer"), engine.Retryable, "cache: the connection failed, so what arrived is unknown: connection reset by peer"},
		{context.Canceled, engine.Retryable, "cache: the attempt was cut short, so what arrived is unknown"},
		{fmt.Errorf("dial: %w", classed), engine.Permanent, "cache: no user"},
		{&smithy.GenericAPIError{Code: "AccessDenied"}, engine.Permanent, "cache: AccessDenied: access is denied: check credentials and permissions"},
	} {
		if err := disconnected("cache", tt.err); err.Error() != tt.text || engine.ClassOf(err) != tt.class {
			t.Errorf("got %v of class %v; want %s of class %v", err, engine.ClassOf(err), tt.text, tt.class)
		}
	}
}

// persistent is a plan that retries until sink accepts all records or ctx ends.
func persistent(t *testing.T, sink engine.Sink, ordered bool) *engine.Plan {
	t.Helper()
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{
		ID: "cache", Sink: sink, Ordered: ordered,
		Retry: engine.Retry{Attempts: 1000, Base: 10 * time.Millisecond, Max: 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// allDelivered runs plan, and fails unless it delivers all of recs.
func allDelivered(t *testing.T, plan *engine.Plan, recs []engine.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := plan.Run(ctx, recs).Targets[0]
	if r.Delivered != len(recs) {
		t.Fatalf("delivered %d, failed %d of %d: %v", r.Delivered, r.Failed, len(recs), r.Failures)
	}
}
