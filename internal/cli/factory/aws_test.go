package factory

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[profile mine]\nregion = sa-east-1\nendpoint_url = http://127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_REGION", "")
	for _, c := range []struct {
		aws              AWS
		region, endpoint string
	}{
		{AWS{}, "", ""},
		{AWS{Profile: "mine"}, "sa-east-1", ""},
		{AWS{Profile: "mine", Region: "us-east-1", EndpointURL: "http://127.0.0.1:2"}, "us-east-1", "http://127.0.0.1:2"},
	} {
		cfg, err := c.aws.Load(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		endpoint := ""
		if cfg.BaseEndpoint != nil && c.aws.EndpointURL != "" {
			endpoint = *cfg.BaseEndpoint
		}
		if cfg.Region != c.region || endpoint != c.endpoint {
			t.Errorf("%+v: region %q and endpoint %q", c.aws, cfg.Region, endpoint)
		}
		if n := cfg.Retryer().MaxAttempts(); n != 1 {
			t.Errorf("%+v: %d attempts, but the engine retries", c.aws, n)
		}
	}
	if _, err := (AWS{Profile: "theirs"}).Load(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "theirs") {
		t.Errorf("a profile that is missing: %v", err)
	}
}

// Certificates are verified, also against AWS_CA_BUNDLE, unless verification is disabled.
func TestLoadTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		aws    AWS
		bundle string
		ok     bool
	}{
		"verified":     {AWS{}, "", false},
		"bundle":       {AWS{}, bundle, true},
		"not verified": {AWS{NoVerifyTLS: true}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_CA_BUNDLE", c.bundle)
			cfg, err := c.aws.Load(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := cfg.HTTPClient.Do(r)
			if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "certificate") {
				t.Errorf("got %v", err)
			}
			if err == nil {
				_ = answer.Body.Close()
			}
		})
	}
}
