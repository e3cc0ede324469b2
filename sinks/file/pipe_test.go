//go:build unix

package file

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// A named pipe below the folder of file targets would block its target until a process
// reads it.
func TestNamedPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func(reader string) {
		t.Helper()
		o := NewBelow(dir, "pipe").Send(t.Context(), sinktest.Numbered(1))
		if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Permanent || !strings.HasPrefix(err.Error(), "file pipe: it is not a regular file; ") {
			t.Errorf("%s: got %v", reader, err)
		}
	}
	refused("nobody reads it")
	file, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	refused("somebody reads it")
}
