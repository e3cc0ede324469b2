package cache

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

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
		{&smithy.GenericAPIError{Code: "ThrottlingException"}, engine.Throttled, "cache, credentials: ThrottlingException: the service accepts no more for now"},
		{context.DeadlineExceeded, engine.Retryable, "cache, credentials: the attempt was cut short, so it is unknown which records arrived"},
	}
	for _, tt := range tests {
		c := Options{Credentials: func(context.Context) (string, string, error) { return "user", "password", tt.err }}
		user, password, err := c.Login(t.Context(), "cache")
		if user+password != "" || engine.ClassOf(err) != tt.class || err.Error() != tt.text {
			t.Errorf("%v: got %q, %v of class %v; want %q of class %v", tt.err, user+password, err, engine.ClassOf(err), tt.text, tt.class)
		}
	}
}

func TestLatest(t *testing.T) {
	recs := sinktest.Puts("a", "1", "b", "2", "a", "3")
	recs = append(recs, sinktest.Removal("b"))
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 3}, LatestOfKeys(recs)); diff != "" {
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
	if !Within(t.Context(), func() {}) {
		t.Error("what has run has not run")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	release, ended := make(chan struct{}), make(chan struct{})
	if Within(ctx, func() { <-release; close(ended) }) {
		t.Error("what has not run has run")
	}
	close(release)
	<-ended
	defer func() {
		if p := recover(); p != "why" {
			t.Errorf("recovered %v", p)
		}
	}()
	Within(t.Context(), func() { panic("why") })
}

func TestDisconnected(t *testing.T) {
	classed := engine.Errorf(engine.Permanent, "no user")
	for _, tt := range []struct {
		err   error
		class engine.Class
		text  string
	}{
		{errors.New("connection reset\nby peer"), engine.Retryable, "cache: the connection failed, so it is unknown which records arrived: connection reset by peer"},
		{context.Canceled, engine.Retryable, "cache: the attempt was cut short, so it is unknown which records arrived"},
		{fmt.Errorf("dial: %w", classed), engine.Permanent, "cache: no user"},
		{&smithy.GenericAPIError{Code: "AccessDenied"}, engine.Permanent, "cache: AccessDenied: access is denied: check credentials and permissions"},
	} {
		if err := Disconnected("cache", tt.err); err.Error() != tt.text || engine.ClassOf(err) != tt.class {
			t.Errorf("got %v of class %v; want %s of class %v", err, engine.ClassOf(err), tt.text, tt.class)
		}
	}
}
