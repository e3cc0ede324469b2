package redrive

import (
	"os"
	"path/filepath"
	"testing"

	"fanout/internal/redrive"
)

// Envelopes hold records, so only their owner can read them.
func TestFailedEnvelopesArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f := redriveFlags{failed: path}
	if err := (&redelivery{redriveFlags: &f, name: "dead.jsonl"}).keepFailed([]*redrive.Letter{{Line: 1}}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode is %v; %v", info.Mode(), err)
	}
}
