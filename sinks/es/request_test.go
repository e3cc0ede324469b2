package es

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"fanout/sinks/internal/sinktest"
)

// TestESRequests asserts the authentication and content of requests.
func TestESRequests(t *testing.T) {
	for _, tt := range esVariants {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			var sent *http.Request
			var body []byte
			next := cfg.HTTPClient
			cfg.HTTPClient = sinktest.Do(func(r *http.Request) (*http.Response, error) {
				body, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				sent = r
				return next.Do(r)
			})
			e := openES(t, cfg, tt.change)
			if o := e.Send(t.Context(), sinktest.Numbered(2)); !o.OK() {
				t.Fatal(o.Err(0))
			}
			call := fake.Calls()[0]
			if call.Bytes != len(body) || int(sent.ContentLength) != len(body) {
				t.Errorf("%d bytes in the body, Content-Length %d, %d arrived", len(body), sent.ContentLength, call.Bytes)
			}
			switch {
			case e.user != nil:
				user, password, _ := sent.BasicAuth()
				if user != "u@x" || password != "pass/word" || sent.URL.User != nil {
					t.Errorf("authenticated as %s with %s at %s", user, password, sent.URL)
				}
			case e.index.Signing == "":
				if a := sent.Header.Get("Authorization"); a != "" {
					t.Errorf("authorized with %s", a)
				}
			default:
				wantSignature(t, cfg, sent, body, e.index.Signing)
			}
			path := "/orders/_bulk"
			if tt.name == "in a folder" {
				path = "/proxy" + path
			}
			if sent.URL.Path != path {
				t.Errorf("sent to %s; want %s", sent.URL.Path, path)
			}
		})
	}
}

// wantSignature signs the request that arrived, and compares the signatures.
func wantSignature(t *testing.T, cfg aws.Config, sent *http.Request, body []byte, service string) {
	t.Helper()
	again, err := http.NewRequestWithContext(t.Context(), sent.Method, sent.URL.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Type", "X-Amz-Content-Sha256"} {
		again.Header.Set(name, sent.Header.Get(name))
	}
	at, err := time.Parse("20060102T150405Z", sent.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	creds, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, again, hex.EncodeToString(sum[:]), service, cfg.Region, at); err != nil {
		t.Fatal(err)
	}
	if got, want := sent.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		t.Errorf("signed\n%s\nwant\n%s", got, want)
	}
}

func TestNewESFaults(t *testing.T) {
	creds := aws.AnonymousCredentials{}
	tests := []struct {
		name  string
		index Index
		want  string
	}{
		{"no URL", Index{Index: "a"}, "https://host:9200"},
		{"no scheme", Index{URL: "host", Index: "a"}, "https://host:9200"},
		{"bad URL", Index{URL: "https://u:secret@host\x7f", Index: "a"}, "https://host:9200"},
		{"no index", Index{URL: "https://u:secret@host"}, "no index"},
		{"no region", Index{URL: "https://host", Index: "a", Signing: "es", Credentials: creds}, "region or credentials"},
		{"no credentials", Index{URL: "https://host", Index: "a", Signing: "es", Region: "eu-west-1"}, "region or credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(nil, tt.index)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	e, err := New(nil, Index{URL: "https://u:secret@host:9200", Index: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.String(), "es host:9200#a"; got != want {
		t.Errorf("String %q; want %q", got, want)
	}
}
