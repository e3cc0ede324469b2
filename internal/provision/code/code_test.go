package code

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive is a zip file with one member.
func archive(t *testing.T, name string, mode fs.FileMode, content []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(mode)
	w, err := z.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "package.zip")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// program is the beginning of an ELF file for a machine.
func program(m elf.Machine) []byte {
	b := make([]byte, 64)
	copy(b, elf.ELFMAG)
	b[18], b[19] = byte(m), byte(m>>8)
	return b
}

func TestOpen(t *testing.T) {
	for name, tt := range map[string]struct{ file, architecture, want string }{
		"arm64":          {archive(t, "bootstrap", 0o755, program(elf.EM_AARCH64)), "arm64", ""},
		"x86_64":         {archive(t, "bootstrap", 0o755, program(elf.EM_X86_64)), "x86_64", ""},
		"script":         {archive(t, "bootstrap", 0o755, []byte("#!")), "arm64", ""},
		"wrong machine":  {archive(t, "bootstrap", 0o755, program(elf.EM_X86_64)), "arm64", "for arm64: its file bootstrap was built for EM_X86_64; use the package for EM_AARCH64, or another --architecture"},
		"no bootstrap":   {archive(t, "main", 0o755, nil), "arm64", "it has no file bootstrap; make one with make package"},
		"not executable": {archive(t, "bootstrap", 0o644, nil), "arm64", "its file bootstrap is not executable; make one with make package"},
		"no zip":         {"code_test.go", "arm64", "it is not a zip archive; make one with make package"},
		"no file":        {"none", "arm64", "the package cannot be read: open none: no such file or directory"},
	} {
		p, err := Open(tt.file, tt.architecture)
		switch {
		case tt.want == "" && (err != nil || len(p) == 0):
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// A damaged member is detected.
func TestOpenDamaged(t *testing.T) {
	file := archive(t, "bootstrap", 0o755, program(elf.EM_AARCH64))
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len("bootstrap")+30] ^= 0xff // the first byte of the deflated data
	if err := check(b, elf.EM_AARCH64); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Error(err)
	}
}

func TestEmbedded(t *testing.T) {
	if _, err := embedded(embed.FS{}, "arm64"); !errors.Is(err, ErrAbsent) {
		t.Errorf("without the function: %v", err)
	}
	for arch := range architectures {
		p, err := Embedded(arch)
		if errors.Is(err, ErrAbsent) {
			continue // not in this build
		}
		if err == nil {
			err = check(p, architectures[arch].machine)
		}
		if err != nil {
			t.Errorf("%s: %v", arch, err)
		}
	}
}

// The hash equals Lambda's: openssl dgst -sha256 -binary | base64.
func TestSHA256(t *testing.T) {
	if got := Package("fanout").SHA256(); got != "f6pKsSiGgmU2S/KUO492f/uN5ZJyI0o/iNVDXmMJVME=" {
		t.Error(got)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, b []byte) { _ = check(b, elf.EM_X86_64) })
}
