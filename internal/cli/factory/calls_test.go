package factory

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// slow is a client whose answers take a while.
type slow time.Duration

func (s slow) Do(*http.Request) (*http.Response, error) {
	time.Sleep(time.Duration(s))
	return nil, http.ErrHandlerTimeout
}

func TestNoticing(t *testing.T) {
	for _, tt := range []struct {
		takes time.Duration
		calls int
		want  string
	}{
		{slowCallDelay - time.Millisecond, 3, ""},
		{slowCallDelay + time.Millisecond, 3, "waiting for aws.test to answer\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var w bytes.Buffer
			var client aws.HTTPClient = &slowCallReporter{next: slow(tt.takes), w: &w}
			for range tt.calls {
				r := httptest.NewRequest(http.MethodPost, "https://aws.test/", nil)
				if _, err := client.Do(r); err == nil {
					t.Error("no error")
				}
				synctest.Wait()
			}
			if got := w.String(); got != tt.want {
				t.Errorf("after %v: got %q, want %q", tt.takes, got, tt.want)
			}
		})
	}
}
