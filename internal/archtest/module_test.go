package archtest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fanout/internal/testing/race"
)

// A renamed copy builds, its imports are as they were, and nothing has the old path.
func TestModule(t *testing.T) {
	if testing.Short() || race.Enabled {
		t.Skip("it builds everything, and make copies runs it")
	}
	if err := exec.Command("git", "rev-parse", "--git-dir").Run(); err != nil {
		t.Skip("this is no checkout of git")
	}
	dir := t.TempDir()
	run(t, filepath.Join("..", ".."), "git", "checkout-index", "--all", "--prefix="+dir+"/")
	run(t, dir, "git", "init", "--quiet")
	run(t, dir, "git", "add", "--all")
	run(t, dir, "make", "module", "PATH=example.com/you/fanout")
	run(t, dir, "go", "vet", "./engine/...", "./stages", "./cmd/...", "./internal/archtest")
	run(t, dir, "go", "test", "./internal/archtest", "-run", "TestImports|TestNothingShipsTestCode")
	run(t, filepath.Join(dir, "examples", "extension"), "go", "vet", "./...")
	if out, err := exec.Command("grep", "-rnE", `"fanout/(engine|lambda|internal)`, "--include=*.go", dir).Output(); err == nil {
		t.Errorf("the old path is left:\n%s", out)
	}
	cmd := exec.Command("make", "module", "PATH=no path")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "write a module path") {
		t.Errorf("%v: %s", err, out)
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
