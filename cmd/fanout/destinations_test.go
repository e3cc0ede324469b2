package main

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
)

// register, update and apply warn of a queue that takes less than the target sends, and
// say the number to set. They write all the same.
func TestWarnsOfLimits(t *testing.T) {
	const queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
	const item = `{"sourceArn": {"S": "` + orders + `"}, "id": {"S": "q"}, "type": {"S": "sqs"}, "destination": {"S": "` + queue + `"}, "active": {"BOOL": true}}`
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
	for name, value := range clientEnv(server.URL, server.URL) {
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(file, []byte("targets: [{sourceArn: '"+orders+"', id: q, type: sqs, destination: '"+queue+"', active: true}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(args []string, more ...string) []string { return slices.Concat(args, more) }
	register := []string{"register", "sqs", "--source-arn", orders, "--id", "q", "--destination", queue}
	update := []string{"update", "--source-arn", orders, "--id", "q"}
	const small = `fanout: warning: target "q": it sends messages of up to 1048576 bytes, and the queue ` + queue + ` takes 262144: ` +
		`a larger one is refused and sent again in parts, and a single record that is larger fails; ` +
		`set MaximumMessageSize of the queue to 1048576, or run fanout update --source-arn ` + orders + ` --id q --max-record-bytes 262144` + "\n"
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
		{"register, where there is no queue", register, "", "", `fanout: warning: target "q": there is no queue ` + queue + `; make it, or run fanout update --source-arn ` + orders + ` --id q --destination NAME` + "\n"},
		{"register of a file", []string{"register", "file", "--source-arn", orders, "--id", "f", "--destination", "/tmp/f"}, "", "",
			`fanout: warning: target "f": the file is on the disk of one instance of the function, and goes with it; the function writes it only with the variable FANOUT_ALLOW_FILE_TARGETS=true` + "\n"},
		{"update of the destination", with(update, "--destination", queue), "262144", item, small},
		{"update of something else", with(update, "--parallel", "false"), "262144", item, ""},
		{"update of the limit", with(update, "--unset", "max-record-bytes"), "262144", item, small},
		{"apply", []string{"apply", file, "--yes"}, "262144", "", small},
	} {
		limit, items, wrote = tt.limit, tt.items, false
		var out, errs bytes.Buffer
		status := execute(with(tt.args, "--table", "t"), nil, &out, &errs)
		var warnings string
		for line := range strings.Lines(errs.String()) {
			if strings.Contains(line, "warning: target") {
				warnings += line
			}
		}
		if status != exitOK || !wrote || warnings != tt.want {
			t.Errorf("%s: exit status %d, wrote %v, warned\n%swant\n%s%s", tt.name, status, wrote, warnings, tt.want, &errs)
		}
	}
}
