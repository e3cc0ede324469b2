package cloud

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
)

// down counts the calls of a service that always fails.
type down struct{ calls int }

func (d *down) Do(r *http.Request) (*http.Response, error) {
	d.calls++
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// The number of attempts comes from the environment, or else the profile, as in every
// AWS tool.
func TestRetries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[profile patient]\nmax_attempts = 7\nretry_mode = adaptive\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_ACCESS_KEY_ID", "made-up")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "made-up")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CA_BUNDLE", "") // the test's client has no certificates
	for _, tt := range []struct {
		attempts, mode, profile string
		calls                   int
		adaptive                bool
	}{
		{"", "", "", retry.DefaultMaxAttempts, false},
		{"1", "", "", 1, false},
		{"5", "standard", "", 5, false},
		{"", "adaptive", "", retry.DefaultMaxAttempts, true},
		{"2", "adaptive", "", 2, true},
		{"", "", "patient", 7, true},
		{"4", "standard", "patient", 4, false},
	} {
		t.Setenv("AWS_MAX_ATTEMPTS", tt.attempts)
		t.Setenv("AWS_RETRY_MODE", tt.mode)
		t.Setenv("AWS_PROFILE", tt.profile)
		synctest.Test(t, func(t *testing.T) {
			service := new(down)
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"), config.WithHTTPClient(service),
				config.WithBaseEndpoint("http://127.0.0.1:1"), config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
			if err != nil {
				t.Fatal(err)
			}
			a, begun := Of(cfg).In("us-east-1"), time.Now()
			if _, err := a.Stream(t.Context(), "s"); err == nil || service.calls != tt.calls {
				t.Errorf("%+v: %d calls, %v", tt, service.calls, err)
			}
			if took := time.Since(begun); took > time.Duration(tt.calls-1)*maxBackoff {
				t.Errorf("%+v: %v went by", tt, took)
			}
			if _, ok := a.cfg.Retryer().(*retry.AdaptiveMode); ok != tt.adaptive {
				t.Errorf("%+v: adaptive %v", tt, ok)
			}
		})
	}
}
