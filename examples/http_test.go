package examples

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestHTTP sends an event through examples/http/orders.yaml to a server. The requests that it
// gets are in requests.txt.
func TestHTTP(t *testing.T) {
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := requestText(r)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, text)
	}))
	defer server.Close()
	targets, err := os.ReadFile("http/orders.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "orders.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(targets), "http://localhost:8080", server.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("fanout", "run", "--targets", file, "--event", "http/event.json")
	cmd.Env = append(os.Environ(), "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	slices.SortStableFunc(got, func(a, b string) int { // the order of each target stays
		return strings.Compare(strings.SplitN(a, "\n", 2)[0], strings.SplitN(b, "\n", 2)[0])
	})
	same(t, "http/requests.txt", []byte(strings.Join(got, "\n")))
}

// requestText returns a request without what differs from run to run.
func requestText(r *http.Request) (string, error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return "", err
		}
		body = unpacked
	}
	data, err := io.ReadAll(body)
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", r.Method, r.URL)
	for _, name := range []string{"Content-Encoding", "Content-Type", "Idempotency-Key", "Webhook-Id", "X-Tenant"} {
		if value := r.Header.Get(name); value != "" {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&text, "\n%s\n", data)
	return text.String(), err
}
