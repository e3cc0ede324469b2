package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fanout/internal/testing/race"
)

// file matches a file name and its code in CONTRIBUTING.md.
var file = regexp.MustCompile("(?s)\n`([\\w./]+)`:\n\n```go\n(.*?\n)```\n")

// TestRecipes follows CONTRIBUTING.md on a copy of the tree: it adds a stage and a type of
// target, and nothing outside of their folders but the files that the recipes name.
func TestRecipes(t *testing.T) {
	if testing.Short() || race.Enabled {
		t.Skip("it builds packages, and make copies runs it")
	}
	root := filepath.Join("..", "..")
	if err := exec.Command("git", "rev-parse", "--git-dir").Run(); err != nil {
		t.Skip("this is no checkout of git")
	}
	recipes, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run(t, root, "git", "checkout-index", "--all", "--prefix="+dir+"/")
	files := file.FindAllStringSubmatch(string(recipes), -1)
	if len(files) != 3 {
		t.Fatalf("CONTRIBUTING.md has %d files", len(files))
	}
	for _, f := range files {
		path := filepath.Join(dir, f[1])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace(t, filepath.Join(dir, "stages/builtin.go"), "ShapeType,\n", "ShapeType, LowercaseType,\n")
	replace(t, filepath.Join(dir, "sinks/builtin/builtin.go"), "file.Type,", "file.Type, null.Type,", "import (", "import (\n\t\"fanout/sinks/null\"")
	replace(t, filepath.Join(dir, "examples/targets/all.yaml"), "targets:\n", `targets:
  - sourceArn: arn:aws:kinesis:eu-west-1:123456789012:stream/clicks
    id: nothing
    type: null
    destination: nowhere
    active: false
    stages: [lowercase]
`)
	replace(t, filepath.Join(dir, "examples/targets/all.yaml"), "type: null", `type: "null"`)
	replace(t, filepath.Join(dir, "README.md"), "`file` | required |", "`file` `null` | required |", "\n| `file` |", "\n| `null` | any text | nothing |\n| `file` |")
	run(t, dir, "go", "vet", "./stages", "./sinks/...", "./lambda/...")
	run(t, dir, "go", "test", "./internal/archtest", "-run", "TestSetups|TestReadme")
	run(t, dir, "go", "test", "./stages", "./lambda/target", "-run", "TestLowercase|TestExampleShowsAll|TestCatalog")
}

// replace replaces texts in a file. The file must have all of them.
func replace(t *testing.T, path string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			t.Fatalf("%s has no %q", path, pairs[i])
		}
		text = []byte(strings.Replace(string(text), pairs[i], pairs[i+1], 1))
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
