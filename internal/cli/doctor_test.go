package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
)

// fixes returns the commands that doctor proposes for all known troubles, without
// duplicates.
func fixes(t *testing.T) []string {
	t.Helper()
	found, err := os.ReadFile(filepath.Join("..", "provision", "doctor", "testdata", "findings.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(found)) {
		fix, ok := strings.CutPrefix(line, "  → ")
		for ok {
			var command string
			if _, command, ok = strings.Cut(fix, "fanout "); ok {
				fix = command
				all = append(all, strings.TrimSpace(command))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// words are the arguments of a command after a shell has split it, up to the prose
// after them.
func words(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for text != "" {
		var word strings.Builder
		for quoted := false; text != "" && (quoted || text[0] != ' '); text = text[1:] {
			switch {
			case text[0] == '\'':
				quoted = !quoted
			case text[0] == '\\' && !quoted:
				text = text[1:]
				word.WriteByte(text[0])
			default:
				word.WriteByte(text[0])
			}
		}
		text = strings.TrimLeft(text, " ")
		end := strings.HasSuffix(word.String(), ",") || strings.HasSuffix(word.String(), ";")
		if all = append(all, strings.TrimRight(word.String(), ",;")); end {
			break
		}
	}
	return all
}

// completedFix replaces the capital words of a fix with values, and removes the prose
// after the flags.
func completedFix(t *testing.T, args []string) (cmd *cobra.Command, all []string) {
	t.Helper()
	cmd, _, err := newRoot(lambda.Builtin()).Find(args[:1])
	if err != nil {
		t.Fatal(err)
	}
	all = args[:1:1]
	for rest := args[1:]; len(rest) > 0; {
		name, ok := strings.CutPrefix(rest[0], "--")
		switch {
		case rest[0] == "TYPE":
			all, rest = append(all, "sqs"), rest[1:]
			continue
		case rest[0] == "FILE":
			file := filepath.Join(t.TempDir(), "targets.yaml")
			if err := os.WriteFile(file, []byte("targets:\n- {sourceArn: "+clitest.Orders+", id: a, type: kinesis, destination: d, active: true}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			all, rest = append(all, file), rest[1:]
			continue
		case !ok:
			return cmd, all
		}
		f := cmd.Flags().Lookup(name)
		if f == nil {
			t.Errorf("fanout %s: there is no flag --%s", strings.Join(args, " "), name)
			return cmd, all
		}
		all, rest = append(all, rest[0]), rest[1:]
		if f.Value.Type() == "bool" && f.NoOptDefVal != "" && (len(rest) == 0 || rest[0] != "true" && rest[0] != "false") {
			continue
		}
		if len(rest) == 0 {
			t.Errorf("fanout %s: --%s has no value", strings.Join(args, " "), name)
			return cmd, all
		}
		all, rest = append(all, sample(f, rest[0])), rest[1:]
	}
	return cmd, all
}

// sample is a value for a flag if a fix leaves it to the reader.
func sample(f *pflag.Flag, given string) string {
	if c, ok := f.Value.(ui.Chooser); ok && given == "VALUE" {
		return c.Choices()[0]
	}
	if given == "ARN" && f.Name == "on-failure" {
		return "arn:aws:sqs:eu-west-1:123456789012:failures"
	}
	switch given {
	case "ARN":
		return clitest.Orders
	case "N":
		return "2"
	case "NAME", "ID", "VALUE", "INDEX":
		return "some-thing"
	}
	return given
}

// Every command that doctor proposes can be run as it is printed: it passes the checks
// of its flags and calls AWS. And it changes something.
func TestFixesWork(t *testing.T) {
	called := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		called++
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	changing := []string{"deploy", "register", "update", "activate", "deactivate", "hook", "unhook", "resume", "apply"}
	seen := make(map[string]bool)
	for _, fix := range fixes(t) {
		cmd, args := completedFix(t, words(t, fix))
		seen[cmd.Name()] = true
		if slices.Contains([]string{"policy", "doctor", "export"}, cmd.Name()) { // users read its output
			continue
		}
		if !slices.Contains(changing, cmd.Name()) {
			t.Errorf("fanout %s changes nothing", fix)
		}
		called = 0
		var out, errs bytes.Buffer
		if status := execute(args, strings.NewReader(""), &out, &errs); status != exitFailed || called == 0 && !strings.Contains(errs.String(), "carries no function") {
			t.Errorf("fanout %s: exit status %d, %d calls: %s", strings.Join(args, " "), status, called, &errs)
		}
	}
	for _, name := range changing {
		if !seen[name] {
			t.Errorf("no fix is a %s", name)
		}
	}
}

// The commands that doctor proposes are about the examined function, wherever it is.
func TestFixesAreOfTheSamePlace(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/functions/orders/configuration") {
			w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(`{"FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders", "Role": "arn:aws:iam::123456789012:role/r", "MemorySize": 256, "Timeout": 5, "Runtime": "provided.al2023"}`))
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	os.Unsetenv("AWS_ENDPOINT_URL_KINESIS")
	var out, errs bytes.Buffer
	execute([]string{"doctor", "--function", "orders", "--region", "us-east-1", "--endpoint-url", server.URL, "--output", "json"}, nil, &out, &errs)
	if want := "run fanout deploy --function orders --timeout 30 --endpoint-url " + server.URL + " --region us-east-1"; !strings.Contains(out.String(), want) {
		t.Errorf("%s\n%s\nwant %s", &out, &errs, want)
	}
}
