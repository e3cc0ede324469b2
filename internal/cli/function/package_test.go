package function

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/provision/code"
)

// carried opens packages that hold the names of their architectures.
func carried(architecture string) (code.Package, error) { return code.Package(architecture), nil }

func TestPackage(t *testing.T) {
	arm := written{"fanout-arm64.zip", "arm64", 5, "f69162950f235e3cdbbad33f1f912d1a504be90d8a37d002c735d6f3e3882265", "9pFilQ8jXjzbutM/H5EtGlBL6Q2KN9ACxzXW8+OIImU="}
	for architecture, want := range map[string][]string{
		"":       {"arm64 fanout-arm64.zip", "x86_64 fanout-amd64.zip"},
		"arm64":  {"arm64 fanout-arm64.zip"},
		"x86_64": {"x86_64 fanout-amd64.zip"},
	} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		all, err := (&packages{architecture, carried}).write(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range all {
			content, err := os.ReadFile(w.File)
			if err != nil || len(content) != w.Bytes {
				t.Errorf("%s: %d bytes, %v", w.File, len(content), err)
			}
			got = append(got, string(content)+" "+filepath.Base(w.File))
			w.File = filepath.Base(w.File)
			if diff := cmp.Diff(arm, w); w.Architecture == "arm64" && diff != "" {
				t.Error(diff)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("--architecture %s:\n%s", architecture, diff)
		}
	}
}

func TestPackageFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	absent := func(string) (code.Package, error) { return nil, code.ErrAbsent }
	broken := errors.New("broken")
	taken := t.TempDir()
	if err := os.MkdirAll(filepath.Join(taken, "fanout-arm64.zip", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		open func(string) (code.Package, error)
		dir  string
		want string
	}{
		"a plain go build":      {absent, t.TempDir(), "this fanout was built without the function; build it with make build"},
		"another fault":         {func(string) (code.Package, error) { return nil, broken }, t.TempDir(), "broken"},
		"a file for the folder": {carried, file, "the folder for the packages cannot be created: "},
		"a folder for the file": {carried, taken, "the package " + taken + "/fanout-arm64.zip cannot be written: file exists"},
	} {
		_, err := (&packages{"", c.open}).write(c.dir)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that cannot be written to its end leaves the earlier one, and nothing beside it.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.zip")
	write := func(text string, end error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(end, err)
		}
	}
	for _, tt := range []struct {
		text string
		end  error
		want string
	}{
		{"half", syscall.ENOSPC, ""},
		{"whole", nil, "whole"},
		{"half", &fs.PathError{Op: "write", Path: "temporary", Err: syscall.ENOSPC}, "whole"},
		{"new", nil, "new"},
	} {
		err := replaceFile(path, write(tt.text, tt.end))
		if errors.Is(err, syscall.ENOSPC) != (tt.end != nil) || err != nil && strings.Contains(err.Error(), "temporary") {
			t.Errorf("%s: %v", tt.text, err)
		}
		got, _ := os.ReadFile(path)
		files, err := os.ReadDir(dir)
		if string(got) != tt.want || err != nil || len(files) > 1 {
			t.Errorf("%s: the file has %q, want %q; %v, %v", tt.text, got, tt.want, files, err)
		}
	}
	if is, err := os.Stat(path); err != nil || is.Mode().Perm() != 0o644 {
		t.Error(is, err)
	}
}
