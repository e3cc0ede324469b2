package extension_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fanout builds the command once and returns how to run it.
func fanout(t *testing.T) func(args ...string) (output string, err error) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "fanout")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/fanout").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return func(args ...string) (string, error) {
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIAMADEUP", "AWS_SECRET_ACCESS_KEY=made-up", "AWS_ENDPOINT_URL=http://127.0.0.1:1")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

// file writes a file with the targets, changed.
func file(t *testing.T, old, with string) string {
	t.Helper()
	text, err := os.ReadFile("targets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("targets.yaml has no %s", old)
	}
	path := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(with)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCommand runs the command with the extension.
func TestCommand(t *testing.T) {
	run := fanout(t)
	var mu sync.Mutex
	var got []string
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, string(body))
	}))
	defer web.Close()

	targets := file(t, "http://127.0.0.1:8080", web.URL)
	if out, err := run("run", "--targets", targets, "--event", "event.json"); err != nil || !strings.Contains(out, `"data":"{\"iban\":\"***\",\"order\":1,\"total\":19.9}"`) {
		t.Errorf("%v\n%s", err, out)
	}
	slices.Sort(got)
	if want := []string{`{"iban":"***","order":1,"total":19.9}`, `{"iban":"***","order":2,"total":5}`}; !slices.Equal(got, want) {
		t.Errorf("the web server got %q, want %q", got, want)
	}

	for _, tt := range []struct{ old, with, want string }{
		{"fields: [iban]", "feilds: [iban]", "stages: stages[0].mask: feilds: is not an option of this stage"},
		{"mask: {", "hide: {", `stages: stages[0]: there is no stage "hide"; write one of mask`},
		{"http://127.0.0.1:8080", "ftp://127.0.0.1", "destination: is not the URL of a web server"},
	} {
		if out, err := run("lint", "--targets", file(t, tt.old, tt.with)); err == nil || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %v\n%s", tt.with, err, out)
		}
	}
	if out, err := run("lint", "--targets", targets); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run("run", "--targets", targets, "--event", "event.json", "--explain"); err != nil || !strings.Contains(out, "mask iban") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run("register", "--help"); err != nil || !strings.Contains(out, "webhook") {
		t.Errorf("%v\n%s", err, out)
	}
}

// codeOf matches a file name and its code.
var codeOf = regexp.MustCompile("(?s)\n`([\\w./]+)`:\n\n```\\w+\n(.*?)\n```\n")

// TestTutorial holds the code of docs/extending.md to the files.
func TestTutorial(t *testing.T) {
	doc, err := os.ReadFile("../../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, part := range codeOf.FindAllStringSubmatch(string(doc), -1) {
		text, err := os.ReadFile(part[1])
		if err != nil || strings.TrimSuffix(string(text), "\n") != part[2] {
			t.Errorf("%s differs from its text in docs/extending.md (%v)", part[1], err)
		}
		found++
	}
	if found != 4 {
		t.Errorf("%d files are in docs/extending.md", found)
	}
}
