package lambda_test

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"fanout/lambda"
)

// bundle writes the certificate of a server to a file.
func bundle(t *testing.T, server *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// environment returns the variables of a function.
func environment(set map[string]string) func(string) string {
	return func(name string) string { return set[name] }
}

// TestVariables asserts that the function finds what the SDK finds in the same variables.
func TestVariables(t *testing.T) {
	for _, set := range []map[string]string{
		{},
		{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIAMADEUP", "AWS_SECRET_ACCESS_KEY": "made up", "AWS_SESSION_TOKEN": "token"},
		{"AWS_DEFAULT_REGION": "eu-west-1"},
		{"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:2"},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
	} {
		for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} {
			t.Setenv(name, set[name])
		}
		for name, value := range set {
			t.Setenv(name, value)
		}
		got, err := lambda.ConfigFromVariables(os.Getenv, 1)
		if err != nil {
			t.Fatal(err)
		}
		want, err := config.LoadDefaultConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(seen(t, want), seen(t, got)); diff != "" {
			t.Errorf("%v (-SDK +got):\n%s", set, diff)
		}
		if n := got.Retryer().MaxAttempts(); n != 1 {
			t.Errorf("%d attempts, but the engine retries", n)
		}
		for name := range set {
			t.Setenv(name, "")
		}
	}
}

// seen is what clients see of a configuration.
func seen(t *testing.T, cfg aws.Config) map[string]any {
	t.Helper()
	all := map[string]any{"region": cfg.Region, "endpoint": aws.ToString(cfg.BaseEndpoint)}
	if c, err := cfg.Credentials.Retrieve(t.Context()); err == nil {
		all["credentials"] = []string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}
	}
	var sent string
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		sent = r.URL.Scheme + "://" + r.URL.Host
		return nil, io.EOF
	})
	cfg.Credentials, cfg.Retryer = aws.AnonymousCredentials{}, func() aws.Retryer { return aws.NopRetryer{} }
	_, _ = dynamodb.NewFromConfig(cfg).ListTables(t.Context(), nil)
	all["dynamodb"] = sent
	sent = ""
	_, _ = secretsmanager.NewFromConfig(cfg).ListSecrets(t.Context(), nil)
	all["secretsmanager"] = sent
	return all
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// Certificates are verified, also against AWS_CA_BUNDLE.
func TestVariablesTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	for file, ok := range map[string]bool{"": false, bundle(t, server): true} {
		cfg, err := lambda.ConfigFromVariables(environment(map[string]string{"AWS_CA_BUNDLE": file}), 1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := cfg.HTTPClient.Do(r)
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "certificate") {
			t.Errorf("bundle %q: %v", file, err)
		}
		if err == nil {
			_ = answer.Body.Close()
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + ".missing"} {
		if _, err := lambda.ConfigFromVariables(environment(map[string]string{"AWS_CA_BUNDLE": file}), 1); err == nil || !strings.Contains(err.Error(), "AWS_CA_BUNDLE") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// One transport keeps idle connections for all requests in flight, resumes TLS sessions,
// and speaks HTTP/1.1, even with services that offer HTTP/2.
func TestTransport(t *testing.T) {
	const inFlight = 12 // the SDK keeps 10 connections
	var conns, resumed atomic.Int32
	arrived, leave := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.DidResume {
			resumed.Add(1)
		}
		if r.ProtoMajor != 1 {
			t.Errorf("%s", r.Proto)
		}
		arrived <- struct{}{}
		<-leave
		w.WriteHeader(http.StatusNoContent)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	cfg, err := lambda.ConfigFromVariables(environment(map[string]string{"AWS_CA_BUNDLE": bundle(t, server)}), inFlight)
	if err != nil {
		t.Fatal(err)
	}
	get := func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := cfg.HTTPClient.Do(r)
		if err != nil {
			t.Error(err)
			arrived <- struct{}{}
			<-leave
			return
		}
		_ = answer.Body.Close()
	}
	for _, n := range []int{1, inFlight, inFlight} {
		var wg sync.WaitGroup
		for range n {
			wg.Go(get)
		}
		for range n {
			<-arrived
		}
		for range n {
			leave <- struct{}{}
		}
		wg.Wait()
	}
	if conns.Load() != inFlight || resumed.Load() == 0 {
		t.Errorf("%d connections, want %d; %d requests on resumed sessions", conns.Load(), inFlight, resumed.Load())
	}
}
