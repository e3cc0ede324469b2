package ui

import (
	"os"
	"path/filepath"
	"testing"
)

// The output of a command may hold records or secrets, so only its owner can read it.
func TestCreatedFilesArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := CreateFile("report", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode is %v; %v", info.Mode(), err)
	}
}
