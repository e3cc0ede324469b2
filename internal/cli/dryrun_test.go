package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// A dry run of a change of targets prints it, writes nothing, and ends with status 3 only
// if there is a change.
func TestTargetsDryRun(t *testing.T) {
	const queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
	const item = `{"sourceArn": {"S": "` + clitest.Orders + `"}, "id": {"S": "q"}, "type": {"S": "sqs"}, "destination": {"S": "` + queue + `"}, "active": {"BOOL": true}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case op == "Query" || op == "Scan":
			fmt.Fprintf(w, `{"Items": [%s], "Count": 1}`, item)
		case op == "GetItem":
			fmt.Fprintf(w, `{"Item": %s}`, item)
		case op == "GetQueueAttributes":
			fmt.Fprint(w, `{"Attributes": {"MaximumMessageSize": "1048576"}}`)
		case r.Method == http.MethodGet || strings.HasPrefix(op, "Get") || strings.HasPrefix(op, "Describe"): // there is no function
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
		default:
			t.Errorf("%s %s was called", r.Method, op)
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	file := func(id, more string) string {
		path := filepath.Join(t.TempDir(), "targets.yaml")
		text := "targets: [{sourceArn: '" + clitest.Orders + "', id: " + id + ", type: sqs, destination: '" + queue + "', active: true" + more + "}]"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	register := []string{"register", "sqs", "--destination", queue, "--active", "true", "--source-arn", clitest.Orders}
	update := []string{"update", "--source-arn", clitest.Orders, "--id", "q"}
	for _, tt := range []struct {
		args   []string
		status int
		out    string
	}{
		{append(register, "--id", "new"), exitChange, "would be registered new: sqs " + queue + ", active\n"},
		{append(register, "--id", "q", "--force"), exitOK, "unchanged q: sqs " + queue + ", active\n"},
		{append(register, "--id", "q", "--force", "--parallel", "false"), exitChange, "would be registered q: sqs " + queue + ", active\n"},
		{append(update, "--parallel", "false"), exitChange, "would be updated q: sqs " + queue + ", active\n    parallel: (unset) → false\n"},
		{append(update, "--active", "true"), exitOK, "unchanged q: sqs " + queue + ", active\n"},
		{append(update, "--active", "false", "--output", "json"), exitChange, ""},
		{[]string{"apply", file("q", "")}, exitOK, ""},
		{[]string{"apply", file("q", ", parallel: false")}, exitChange, clitest.Orders + "\n~ q\n    parallel: (unset) → false\n"},
		{[]string{"apply", file("r", ""), "--prune"}, exitChange, clitest.Orders + "\n+ r\n    type: sqs\n    destination: " + queue + "\n    active: true\n- q\n"},
		{[]string{"apply", file("q", ", parallel: false"), "--output", "yaml"}, exitChange, "- source: " + clitest.Orders + "\n  id: q\n  outcome: would be updated\n"},
	} {
		var out, errs bytes.Buffer
		args := slices.Concat(tt.args, []string{"--table", "t", "--dry-run"})
		status := execute(args, nil, &out, &errs)
		if status != tt.status || tt.out != "" && out.String() != tt.out {
			t.Errorf("%s: exit status %d:\n%s%s", strings.Join(args, " "), status, &out, &errs)
		}
		if strings.Contains(errs.String(), "fanout: something") {
			t.Errorf("%s: %s", strings.Join(args, " "), &errs)
		}
	}
}
