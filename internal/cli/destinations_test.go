package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// register, update and apply warn about a queue with a lower limit than the target's,
// and name the number to set. They still write.
func TestWarnsOfLimits(t *testing.T) {
	const queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
	const item = `{"sourceArn": {"S": "` + clitest.Orders + `"}, "id": {"S": "q"}, "type": {"S": "sqs"}, "destination": {"S": "` + queue + `"}, "active": {"BOOL": true}}`
	limit, items := "262144", ""
	var wrote bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch op {
		case "Query", "Scan":
			fmt.Fprintf(w, `{"Items": [%s], "Count": %d}`, items, strings.Count(items, "sourceArn"))
		case "GetItem":
			fmt.Fprintf(w, `{"Item": %s}`, item)
		case "TransactWriteItems":
			wrote = true
			fmt.Fprint(w, "{}")
		case "GetQueueAttributes":
			if limit == "" {
				w.Header().Set("X-Amzn-Errortype", "QueueDoesNotExist")
				w.WriteHeader(http.StatusBadRequest)
			}
			fmt.Fprintf(w, `{"Attributes": {"MaximumMessageSize": "%s"}}`, limit)
		default: // there is no function
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(file, []byte("targets: [{sourceArn: '"+clitest.Orders+"', id: q, type: sqs, destination: '"+queue+"', active: true}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(args []string, more ...string) []string { return slices.Concat(args, more) }
	register := []string{"register", "sqs", "--source-arn", clitest.Orders, "--id", "q", "--destination", queue}
	update := []string{"update", "--source-arn", clitest.Orders, "--id", "q"}
	const small = `fanout: warning: target "q": it sends messages of up to 1048576 bytes, but the queue ` + queue + ` accepts 262144: ` +
		`a larger one is refused and sent again in parts, and a single record that is larger fails; ` +
		`set MaximumMessageSize of the queue to 1048576, or run fanout update --source-arn ` + clitest.Orders + ` --id q --max-record-bytes 262144 --table t` + "\n"
	for _, tt := range []struct {
		name  string
		args  []string
		limit string
		items string
		want  string
	}{
		{"register", register, "262144", "", small},
		{"register, with the limit", with(register, "--max-record-bytes", "262144"), "262144", "", ""},
		{"register, with messages of one record", with(register, "--collapse", "none"), "262144", "", strings.Replace(small, "a larger one is refused and sent again in parts, and a single record that is larger fails", "a larger one fails", 1)},
		{"register, where the queue takes all", register, "1048576", "", ""},
		{"register, where there is no queue", register, "", "", `fanout: warning: target "q": there is no queue ` + queue + `; create it, or run fanout update --source-arn ` + clitest.Orders + ` --id q --destination NAME --table t` + "\n"},
		{"update of the destination", with(update, "--destination", queue), "262144", item, small},
		{"update of something else", with(update, "--parallel", "false"), "262144", item, ""},
		{"update of the limit", with(update, "--unset", "max-record-bytes"), "262144", item, small},
		{"apply", []string{"apply", file, "--yes"}, "262144", "", small},
	} {
		limit, items, wrote = tt.limit, tt.items, false
		var out, errs bytes.Buffer
		status := execute(with(tt.args, "--table", "t"), nil, &out, &errs)
		warnings := warningsIn(errs.String())
		if status != exitOK || !wrote || warnings != tt.want {
			t.Errorf("%s: exit status %d, wrote %v, warned\n%swant\n%s%s", tt.name, status, wrote, warnings, tt.want, &errs)
		}
	}
}

// warningsIn returns the warnings, except warnings about the function's role.
func warningsIn(text string) (all string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "fanout: warning: ") && !strings.Contains(line, "the function's role") {
			all += line
		}
	}
	return all
}

// register and apply report a former stream of a table, and a file target that the
// function will not write to.
func TestWarnsOfSources(t *testing.T) {
	const (
		table  = "arn:aws:dynamodb:eu-west-1:123456789012:table/customers"
		former = table + "/stream/2025-01-01T00:00:00.000"
		stream = table + "/stream/2026-01-01T00:00:00.000"
		file   = `type: is file, which a table does not allow by default; set FANOUT_ALLOW_FILE_TARGETS=true for the function, add --allow-file-targets DIR to run, replay, redrive or lint, or move the target to a targets file`
		move   = ", with fanout export and fanout apply --prune"
	)
	var variables, describes, removed string
	leftBehind := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		body, _ := io.ReadAll(r.Body)
		switch {
		case op == "Query" || op == "Scan" && !leftBehind:
			fmt.Fprint(w, `{"Items": [], "Count": 0}`)
		case op == "Scan":
			fmt.Fprintf(w, `{"Items": [{"sourceArn": {"S": "%s"}, "id": {"S": "old"}, "type": {"S": "kinesis"}, "destination": {"S": "d"}, "active": {"BOOL": true}}], "Count": 1}`, former)
		case op == "TransactWriteItems":
			if strings.Contains(string(body), `"Delete"`) {
				removed = former
			}
			fmt.Fprint(w, "{}")
		case op == "DescribeTable" && describes != "" && strings.Contains(string(body), table):
			fmt.Fprintf(w, `{"Table": {"LatestStreamArn": "%s", "StreamSpecification": {"StreamEnabled": true}}}`, describes)
		case op == "DescribeStreamSummary":
			fmt.Fprint(w, `{"StreamDescriptionSummary": {"StreamStatus": "ACTIVE"}}`)
		case strings.HasSuffix(r.URL.Path, "/functions/fanout") && variables != "":
			fmt.Fprintf(w, `{"Configuration": {"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fanout", "Environment": {"Variables": {%s}}}}`, variables)
		case op == "" && r.URL.Path == "/": // IAM
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
		default:
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	for name, value := range clitest.ClientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	targets := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(targets, []byte("targets: [{sourceArn: '"+stream+"', id: old, type: kinesis, destination: d, active: true}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	disk := []string{"register", "file", "--source-arn", clitest.Orders, "--id", "t", "--destination", "/tmp/out"}
	copied := []string{"register", "kinesis", "--id", "t", "--destination", "d", "--source-arn"}
	for _, tt := range []struct {
		name       string
		args       []string
		variables  string
		describes  string
		leftBehind bool
		want       string
	}{
		{"a file", disk, "", "", false, `target "t": ` + file},
		{"a file, and the function lets none be written", disk, `"FANOUT_TABLE": "t"`, "", false, `target "t": ` + file},
		{"a file, and the function lets it be written", disk, `"FANOUT_TABLE": "t", "FANOUT_ALLOW_FILE_TARGETS": "true"`, "", false,
			`target "t": the file is on the disk of one instance of the function, and is lost with it; run fanout update --source-arn ` + clitest.Orders + ` --id t --active false --table t`},
		{"the stream of a table", append(copied, stream), "", stream, false, ""},
		{"a former stream", append(copied, former), "", stream, true, `target "t": sourceArn: is a former stream of the table, which sends no records; change it to the current stream, ` + stream + move},
		{"the stream, and targets of a former one", append(copied, stream), "", stream, true, `the sourceArn of "old" names another stream of the table, ` + former + `; correct it` + move},
		{"a stream that cannot be looked up", append(copied, stream), "", "", true, `the sourceArn of "old" names another stream of the table, ` + former + `; correct it` + move + `, unless this stream is the former one`},
		{"targets that are moved", []string{"apply", targets, "--prune", "--yes"}, "", stream, true, ""},
	} {
		variables, describes, leftBehind, removed = tt.variables, tt.describes, tt.leftBehind, ""
		var out, errs bytes.Buffer
		status := execute(slices.Concat(tt.args, []string{"--table", "t"}), nil, &out, &errs)
		want := tt.want
		if want != "" {
			want = "fanout: warning: " + want + "\n"
		}
		if got := warningsIn(errs.String()); status != exitOK || got != want {
			t.Errorf("%s: exit status %d, warned\n%swant\n%s%s", tt.name, status, got, want, &errs)
		}
		if moved := tt.args[0] == "apply"; moved != (removed != "") {
			t.Errorf("%s: removed %q", tt.name, removed)
		}
	}
}
