package setup

import (
	"crypto/x509"
	"errors"
	"io"
	"log"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssdk "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"go.uber.org/goleak"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/http"
	"fanout/sinks/internal/sinktest"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	goleak.VerifyTestMain(m)
}

const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-AbCdEf"

// spec returns a target.
func spec(t *testing.T, url, auth, secret string) *sinks.Spec {
	t.Helper()
	d, err := sink.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return &sinks.Spec{Type: sink.Type, Destination: d, Auth: auth, Secret: secret}
}

// TestInspect connects to servers on this machine. None of them may get a request.
func TestInspect(t *testing.T) {
	handler := nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) { t.Error("the server got a request") })
	plain, secure, gone := httptest.NewServer(handler), httptest.NewTLSServer(handler), httptest.NewServer(handler)
	defer plain.Close()
	defer secure.Close()
	gone.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	for _, tt := range []struct {
		name  string
		roots *x509.CertPool
		url   string
		want  account.State // texts that the state's have
	}{
		{"TLS", trusted, secure.URL, account.State{Inside: "inside a network"}},
		{"another authority", x509.NewCertPool(), secure.URL, account.State{Fault: "is not trusted", Do: "public authority"}},
		{"no TLS", nil, plain.URL, account.State{Inside: "inside a network"}},
		{"TLS to a server without", trusted, strings.Replace(plain.URL, "http:", "https:", 1), account.State{Unseen: "does not answer from here"}},
		{"no server", nil, gone.URL, account.State{Unseen: "does not answer from here"}},
	} {
		cfg := aws.Config{HTTPClient: awssdk.NewBuildableClient().WithTransportOptions(func(tr *nethttp.Transport) {
			tr.TLSClientConfig.RootCAs = tt.roots
		})}
		state, err := inspect(t.Context(), cfg, spec(t, tt.url, "", ""))
		if err != nil || !has(state.Unseen, tt.want.Unseen) || !has(state.Inside, tt.want.Inside) || !has(state.Fault, tt.want.Fault) || !has(state.Do, tt.want.Do) {
			t.Errorf("%s: %+v, %v", tt.name, state, err)
		}
	}
}

func has(text, part string) bool { return strings.Contains(text, part) && (text == "") == (part == "") }

// TestInspectSecret asserts that a secret of the wrong form is a fault that shows none of it.
func TestInspectSecret(t *testing.T) {
	server := httptest.NewServer(nethttp.NotFoundHandler())
	defer server.Close()
	for _, tt := range []struct {
		answer string
		status int
		want   account.State
		fails  bool
	}{
		{`{"SecretString":"{\"token\":\"t\"}"}`, 200, account.State{Inside: "inside a network"}, false},
		{`{"SecretString":"hidden"}`, 200, account.State{Fault: `store one like {"token": "…"}`, Do: "correct the secret"}, false},
		{`{"SecretBinary":"aGlkZGVu"}`, 200, account.State{Fault: "store one like", Do: "correct the secret"}, false},
		{`{"__type":"AccessDeniedException","message":"no"}`, 400, account.State{}, true},
	} {
		wire := &sinktest.Wire{Answer: tt.answer, Status: tt.status}
		state, err := inspect(t.Context(), wire.Config(), spec(t, server.URL, sinks.AuthBearer, secret))
		if !has(state.Unseen, tt.want.Unseen) || !has(state.Inside, tt.want.Inside) || !has(state.Fault, tt.want.Fault) || !has(state.Do, tt.want.Do) || strings.Contains(state.Fault, "hidden") {
			t.Errorf("%s: %+v", tt.answer, state)
		}
		if _, ok := errors.AsType[*account.CallError](err); ok != tt.fails {
			t.Errorf("%s: %v", tt.answer, err)
		}
		if wire.URL == nil || wire.URL.Host != "secretsmanager.us-east-1.amazonaws.com" {
			t.Errorf("the secret was read from %v", wire.URL)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for url, want := range map[string]string{
		"https://h.example.com:8443/": "h.example.com:8443", "https://10.0.0.1:8443/": "", "https://a.execute-api.eu-west-1.amazonaws.com/prod": "execute-api",
	} {
		s := spec(t, url, sinks.AuthSigV4, "")
		sink.Type.Check(s, quiet{})
		if got := endpoint(s); got != want {
			t.Errorf("%s: %q; want %q", url, got, want)
		}
	}
}

// quiet drops findings.
type quiet struct{}

func (quiet) Fault(string, string, ...any) {}
func (quiet) Warn(string, string, ...any)  {}
func (quiet) HasFault(string) bool         { return false }
