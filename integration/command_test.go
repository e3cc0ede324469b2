//go:build integration

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// report is the output of --output json.
type report struct {
	Records int
	Targets []row
}

// row is the result of the records of a target.
type row struct {
	Target                     string
	Delivered, Dropped, Failed int
	Retries                    int
	Reasons                    []struct {
		Error string
		Count int
	}
}

// fanout runs bin/fanout, which must deliver everything, and returns its report.
func fanout(t *testing.T, args ...string) report {
	t.Helper()
	return fanoutIn(t, nil, args...)
}

// fanoutIn is fanout with more environment variables.
func fanoutIn(t *testing.T, env []string, args ...string) report {
	t.Helper()
	r, stderr, err := run(t, env, args...)
	if err != nil {
		t.Fatalf("fanout %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	for _, target := range r.Targets {
		if target.Delivered != r.Records || target.Dropped+target.Failed > 0 {
			t.Errorf("%d records, but target %+v", r.Records, target)
		}
	}
	return r
}

// run runs bin/fanout and returns its report, standard error, and exit status.
func run(t *testing.T, env []string, args ...string) (r report, stderr string, err error) {
	t.Helper()
	// fanout retries a stream forever if it cannot deliver its records.
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join("..", "bin", "fanout"), append(args, "--output", "json")...)
	cmd.Env = append(os.Environ(), env...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if len(out) == 0 {
		t.Fatalf("fanout %s: %v\n%s", strings.Join(args, " "), err, &log)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("the report is not JSON: %v\n%s", err, out)
	}
	return r, log.String(), err
}

// target has the attributes of a target except its source.
type target map[string]any

// targetsFile writes the active targets of a source into a file and returns its path.
func targetsFile(t *testing.T, source string, targets ...target) string {
	t.Helper()
	for i, attributes := range targets {
		attributes["sourceArn"], attributes["active"] = source, true
		if attributes["id"] == nil {
			attributes["id"] = fmt.Sprintf("%s-%d", attributes["type"], i)
		}
	}
	path := filepath.Join(t.TempDir(), "targets.json")
	text := must(json.Marshal(map[string]any{"targets": targets}))(t)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// example returns the path and the records of a sample event.
func example(t *testing.T, name string) (path string, records []json.RawMessage) {
	t.Helper()
	path = filepath.Join("..", "examples", "events", name)
	var event struct{ Records []json.RawMessage }
	if err := json.Unmarshal(must(os.ReadFile(path))(t), &event); err != nil {
		t.Fatal(err)
	}
	return path, event.Records
}
