//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"testing"

	"fanout/internal/testing/pagetest"
)

// TestQuickstart runs the part of docs/quickstart.md that needs no AWS, in an empty folder.
// TestQuickstart of package integration runs the rest.
func TestQuickstart(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, bin := t.TempDir(), t.TempDir()
	if err := os.Symlink(exe, filepath.Join(bin, "fanout")); err != nil { // TestMain runs it as fanout
		t.Fatal(err)
	}
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir}
	page := filepath.Join("..", "..", "docs", "quickstart.md")
	for _, b := range pagetest.Blocks(t, page, "## On your laptop", "## On AWS") {
		b.Run(t, dir, env)
	}
}
