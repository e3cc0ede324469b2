package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = "../../docs/reliability.md"

// TestDocumentHasTheMatrix asserts that the committed matrix is the one that TestMatrix
// checks, cell by cell.
func TestDocumentHasTheMatrix(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, got, _, err := cut(string(text), "matrix")
	if err != nil {
		t.Fatal(err)
	}
	fs, ks := faults(), kinds()
	want := matrixTable(func(i, k int) outcome { return fs[i].expected(&ks[k]) })
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("run make reliability (-want +got)\n%s", diff)
	}
}

// TestDocumentHasTheFigures asserts that the committed tables have the measured targets,
// keys and faults.
func TestDocumentHasTheFigures(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, tt := range longTargets {
		targets = append(targets, tt.name)
	}
	_, long, _, err := cut(string(text), "long")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{"target", "---"}, targets...), firstColumn(long)); diff != "" {
		t.Errorf("run make reliability (-want +got)\n%s", diff)
	}
	if want := thousands(longRun.records) + " records in "; !strings.Contains(long, want) {
		t.Errorf("the document does not tell of %q; run make reliability", want)
	}
	want := []string{"target", "---"}
	for _, o := range orderCost.targets {
		for range orderCost.keys {
			want = append(want, o.name)
		}
	}
	_, order, _, err := cut(string(text), "order")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, firstColumn(order)); diff != "" {
		t.Errorf("run make reliability (-want +got)\n%s", diff)
	}
}

func firstColumn(text string) (cells []string) {
	for line := range strings.Lines(text) {
		if columns := strings.Split(line, "|"); len(columns) > 2 {
			cells = append(cells, strings.TrimSpace(columns[1]))
		}
	}
	return cells
}

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(file, []byte("a\n<!-- long -->\nold\n<!-- /long -->\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(file, "long", "new\n"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "a\n<!-- long -->\nnew\n<!-- /long -->\nb\n" {
		t.Errorf("%s", got)
	}
	if err := write(file, "matrix", "new\n"); err == nil || !strings.Contains(err.Error(), `"<!-- matrix -->"`) {
		t.Errorf("error %v", err)
	}
}

// TestRun asserts that a successful part is printed and written, and a failed part only
// printed.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(file, []byte("<!-- good -->\n<!-- /good -->\n<!-- bad -->\n<!-- /bad -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	parts := []part{
		{"good", func(context.Context) (string, error) { return "| good |\n", nil }},
		{"bad", func(context.Context) (string, error) { return "| bad |\n", errors.New("3 lost") }},
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, parts, "", file); err == nil || err.Error() != "3 lost" {
		t.Errorf("error %v", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "<!-- good -->\n| good |\n<!-- /good -->\n<!-- bad -->\n<!-- /bad -->\n" {
		t.Errorf("%s", got)
	}
	if out.String() != "| good |\n\n| bad |\n\n" {
		t.Errorf("%q", out.String())
	}
	if err := run(t.Context(), &out, parts, "good", ""); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), &out, parts, "all", ""); err == nil || !strings.Contains(err.Error(), "matrix, long or order") {
		t.Errorf("error %v", err)
	}
}
