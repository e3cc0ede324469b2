package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanout/internal/testing/clitest"
)

// TestGoldenPublished runs events in the form of published samples: unchanged, and with
// every option that changes records.
func TestGoldenPublished(t *testing.T) {
	sources := map[string]string{
		"kinesis":  clitest.Orders,
		"dynamodb": "arn:aws:dynamodb:eu-west-1:123456789012:table/Customers/stream/2026-03-01T09:00:00.000",
		"sns":      "arn:aws:sns:eu-west-1:123456789012:alerts",
	}
	for name, value := range clitest.ClientEnv("http://127.0.0.1:1", "http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	events, err := filepath.Glob("../../examples/events/published/*.json")
	if err != nil || len(events) == 0 {
		t.Fatal("there are no events")
	}
	for _, event := range events {
		name := strings.TrimSuffix(filepath.Base(event), ".json")
		t.Run(name, func(t *testing.T) {
			kind, _, _ := strings.Cut(name, "-")
			dir := t.TempDir()
			var got, errs bytes.Buffer
			for _, with := range []string{"", "deaggregate: true, convertDDB: true, appendNewlines: true, "} {
				out, targets := filepath.Join(dir, "out.jsonl"), filepath.Join(dir, "targets.yaml")
				text := fmt.Sprintf("targets: [{sourceArn: %q, id: t, type: file, destination: %q, %sactive: true}]", sources[kind], out, with)
				if err := os.WriteFile(targets, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if status := execute([]string{"run", "--targets", targets, "--event", event, "--source-arn-as", sources[kind]}, nil, &errs, &errs); status != exitOK {
					t.Fatalf("exit status %d\n%s", status, &errs)
				}
				lines, err := os.ReadFile(out)
				if err != nil && !os.IsNotExist(err) { // an event without records
					t.Fatal(err)
				}
				_ = os.Remove(out)
				fmt.Fprintf(&got, "# %s\n%s", cmp.Or(strings.TrimSuffix(with, ", "), "as they are"), lines)
			}
			clitest.CheckGolden(t, filepath.Join("testdata", "published", name+".txt"), got.String())
		})
	}
}
