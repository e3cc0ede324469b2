//go:build integration

package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestReadme asserts that the README shows the commands that TestCommands/readme checks.
func TestReadme(t *testing.T) {
	readme := string(must(os.ReadFile("../README.md"))(t))
	script := must(txtar.ParseFile("testdata/readme.txtar"))(t)
	for line := range strings.Lines(string(script.Comment)) {
		if args, ok := strings.CutPrefix(line, "exec fanout "); ok && !strings.Contains(readme, "$ bin/fanout "+args) {
			t.Errorf("README does not run fanout %s", args)
		}
	}
	for _, f := range script.Files {
		if !strings.Contains(readme, string(f.Data)) {
			t.Errorf("README does not show what the script has as %s", f.Name)
		}
	}
}
