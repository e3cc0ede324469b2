package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fanout/internal/testing/clitest"
)

// managing are the managing commands, in a form that makes calls.
func managing(t *testing.T) [][]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "targets.json")
	text := `{"targets": [{"sourceArn": "` + clitest.Orders + `", "id": "a", "type": "kinesis", "destination": "copy", "active": true}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	named := []string{"--source-type", "kinesis", "--source", "orders"}
	table := []string{"--source-type", "dynamodb", "--source", "orders"}
	topic := []string{"--source-type", "sns", "--source", "orders"}
	with := func(flags []string, args ...string) []string { return append(args, flags...) }
	return [][]string{
		{"deploy", "--package", "none.zip", "--yes"}, {"destroy", "--yes"}, {"policy"}, {"policy", "--trust"},
		{"template", "--format", "sam"}, {"doctor"},
		with(named, "register", "kinesis", "--id", "a", "--destination", "copy"), {"list"}, with(table, "list"), with(topic, "list"), {"export"},
		{"apply", file, "--yes"}, with(named, "update", "--id", "a", "--active", "true"), with(named, "activate", "--id", "a"),
		with(named, "unregister", "--id", "a"), with(named, "hook"), with(table, "hook"), with(topic, "hook"), with(named, "unhook"),
		with(named, "pause"), with(named, "resume"), {"redrive", "--queue", "failed", "--table", "t", "--dry-run"},
		{"hook", "--source-arn", clitest.Orders}, {"unhook", "--source-arn", clitest.Orders}, {"pause", "--source-arn", clitest.Orders},
		{"register", "redis", "--id", "a", "--destination", "cache", "--source-arn", clitest.Orders, "--table", "t"},
		{"register", "es", "--id", "a", "--destination", "domain", "--index", "i", "--source-arn", clitest.Orders, "--table", "t"},
		{"register", "iot", "--id", "a", "--destination", "topic", "--source-arn", clitest.Orders, "--table", "t"},
		{"register", "sqs", "--id", "a", "--destination", "queue", "--source-arn", clitest.Orders, "--table", "t"},
		{"register", "sns", "--id", "a", "--destination", "topic", "--source-arn", clitest.Orders, "--table", "t"},
		{"register", "firehose", "--id", "a", "--destination", "lake", "--source-arn", clitest.Orders, "--table", "t"},
		{"register", "lambda", "--id", "a", "--destination", "f", "--source-arn", clitest.Orders, "--table", "t"},
	}
}

// Any answer from another server than AWS is reported in sentences.
func TestStrangers(t *testing.T) {
	for _, stranger := range []struct {
		name, body, says string
		status           int
	}{
		{"nothing in an object", "{}", "", http.StatusOK},
		{"a page", "<!DOCTYPE html><html><body>Welcome<br></body></html>", "that does not come from AWS (200 OK)", http.StatusOK},
		{"a page in trouble", "<!DOCTYPE html><html><body>Sorry<br></body></html>", "that does not come from AWS (503 Service Unavailable)", http.StatusServiceUnavailable},
		{"nothing", "", "", http.StatusOK},
		{"throttling", `{"__type": "ThrottlingException", "message": "Rate exceeded"}`, "", http.StatusBadRequest},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(stranger.status)
			fmt.Fprint(w, stranger.body)
		}))
		for name, value := range clitest.ClientEnv(server.URL, server.URL) {
			t.Setenv(name, value)
		}
		var all sync.WaitGroup
		for _, args := range managing(t) {
			all.Go(func() {
				var out, errs bytes.Buffer
				status := execute(args, strings.NewReader(""), &out, &errs)
				said := out.String() + errs.String()
				if status != exitFailed || said == "" || !strings.Contains(said, stranger.says) {
					t.Errorf("%s: %v: exit status %d, want %d and %q:\n%s", stranger.name, args, status, exitFailed, stranger.says, said)
				}
				for _, raw := range []string{"panic", "fault in fanout", "goroutine", "deserializ", "invalid character", "unexpected token", "node not found", "UnknownError", "SDK 20", "EOF", "()"} {
					if strings.Contains(said, raw) {
						t.Errorf("%s: %v tells of %q:\n%s", stranger.name, args, raw, said)
					}
				}
				for line := range strings.Lines(errs.String()) {
					if !strings.HasPrefix(line, "fanout: ") {
						t.Errorf("%s: %v: a line that is no sentence of fanout: %q", stranger.name, args, line)
					}
				}
			})
		}
		all.Wait()
		server.Close()
	}
}
