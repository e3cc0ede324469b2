package cli

import (
	"os"
	"path/filepath"
	"testing"

	"fanout/internal/redrive"
)

// The output of a command may hold records or secrets, so only its owner can read it.
func TestOutputFilesArePrivate(t *testing.T) {
	for name, write := range map[string]func(path string) error{
		"report or template": func(path string) error {
			file, err := createFile("report", path)
			if err != nil {
				return err
			}
			return file.Close()
		},
		"envelopes that failed again": func(path string) error {
			f := redriveFlags{failed: path}
			return (&redelivery{redriveFlags: &f, name: "dead.jsonl"}).keepFailed([]*redrive.Letter{{Line: 1}})
		},
	} {
		path := filepath.Join(t.TempDir(), "out")
		if err := write(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s: the file has mode %v", name, info.Mode())
		}
	}
}
