package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// --debug logs calls without their contents.
func TestDebugLogsCalls(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", "request-1")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "ValidationException", "message": "the value s3cret is wrong"}`)
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	if status := execute([]string{"list", "--table", "t", "--debug"}, nil, &out, &errs); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	line, _, _ := strings.Cut(errs.String(), "\n")
	for _, want := range []string{`"service":"DynamoDB"`, `"operation":"Scan"`, `"requestId":"request-1"`, `"ms":`, `"error":"ValidationException"`} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %s: %s", want, line)
		}
	}
	if strings.Contains(line, "s3cret") || strings.Contains(line, "made-up") {
		t.Errorf("the log tells too much: %s", line)
	}
}

// A call is tried AWS_MAX_ATTEMPTS times. This includes tune, which reads the table of
// targets as the function does.
func TestMaxAttempts(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	event := `{"Records": [{"eventSource": "aws:kinesis", "eventSourceARN": "` + clitest.Orders + `", "kinesis": {"data": "e30="}}]}`
	for _, args := range [][]string{{"list", "--table", "t"}, {"tune", "--table", "t", "--event", "-", "--records-per-second", "1"}} {
		calls = 0
		var out bytes.Buffer
		if status := execute(args, strings.NewReader(event), &out, &out); status == exitOK || calls != 1 {
			t.Errorf("%s: exit status %d after %d calls: %s", args[0], status, calls, &out)
		}
	}
}

func TestPanicIsReported(t *testing.T) {
	var w bytes.Buffer
	printPanic(&w, "it broke\nin a stack", false)
	if want := "fanout: this is a bug in fanout: it broke; please report it with the output of --debug\n"; w.String() != want {
		t.Errorf("got %q, want %q", w.String(), want)
	}
	w.Reset()
	printPanic(&w, "it broke", true)
	if !strings.Contains(w.String(), "printPanic") {
		t.Errorf("no trace: %s", &w)
	}
}

// A panic, here of a reader, ends in one sentence.
func TestExecuteSurvivesPanic(t *testing.T) {
	var errs bytes.Buffer
	status := execute([]string{"run", "--targets", "t.yaml", "--event", "-"}, panicking{}, &errs, &errs)
	if want := "fanout: this is a bug in fanout: it broke; please report it with the output of --debug\n"; status != exitFailed || errs.String() != want {
		t.Errorf("exit status %d, %q", status, errs.String())
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("it broke") }

// An interrupt ends a call, and the command prints the consequences.
func TestInterruptWhileManaging(t *testing.T) {
	for _, tt := range []struct{ command, says string }{
		{"list", "fanout: interrupted\n"},
		{"deploy", "fanout: interrupted: all reported steps are done, and some others may be done too; run the same command again to complete it\n"},
	} {
		called := make(chan struct{}, 9)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			called <- struct{}{}
			<-r.Context().Done()
		}))
		h := start(t, server.URL, tt.command)
		<-called
		h.interrupt()
		said, state := h.end()
		if said != tt.says || state.ExitCode() != exitFailed {
			t.Errorf("%s: exit status %d: %q, want %q", tt.command, state.ExitCode(), said, tt.says)
		}
		server.Close()
	}
}
