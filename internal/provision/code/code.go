// Package code is the packaged function: the copy inside a released fanout, or one in a
// file.
package code

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// architectures maps Lambda's names of the supported architectures to the names in Go
// and ELF.
var architectures = map[string]struct {
	file    string
	machine elf.Machine
}{
	"arm64":  {"fanout-arm64.zip", elf.EM_AARCH64},
	"x86_64": {"fanout-amd64.zip", elf.EM_X86_64},
}

// Architectures are Lambda's names of the architectures that the function is built for.
var Architectures = []string{"arm64", "x86_64"}

// FileName returns the name of the package for an architecture, such as fanout-arm64.zip.
func FileName(architecture string) string { return architectures[architecture].file }

// Package is a zip archive that holds the function as an executable file bootstrap.
type Package []byte

// ErrAbsent reports that this fanout was built without the function.
var ErrAbsent = errors.New("this fanout was built without the function; build it with make build, or add --package FILE")

// Embedded returns the package for an architecture, arm64 or x86_64, inside this
// fanout. It fails with ErrAbsent if there is none.
func Embedded(architecture string) (Package, error) { return embedded(archives, architecture) }

func embedded(archives embed.FS, architecture string) (Package, error) {
	b, err := archives.ReadFile(architectures[architecture].file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrAbsent
	}
	return b, err
}

// Open reads a package from a file, and checks that Lambda can run it on an
// architecture, arm64 or x86_64.
func Open(file, architecture string) (Package, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the package cannot be read: %w", err)
	}
	if err := check(b, architectures[architecture].machine); err != nil {
		return nil, fmt.Errorf("the package %s is not the function for %s: %w", file, architecture, err)
	}
	return b, nil
}

// check finds faults that Lambda reports only on the first event: no bootstrap, one
// that is not executable, or one for another machine. A script passes unchecked.
func check(archive []byte, machine elf.Machine) error {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return errors.New("it is not a zip archive; make one with make package")
	}
	f, err := z.Open("bootstrap")
	if err != nil {
		return errors.New("it has no file bootstrap; make one with make package")
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || info.Mode()&0o111 == 0 {
		return errors.New("its file bootstrap is not executable; make one with make package")
	}
	head, err := io.ReadAll(io.LimitReader(f, 64)) // an ELF header
	if err != nil {
		return fmt.Errorf("its file bootstrap is damaged: %w", err)
	}
	const at = 18 // e_machine, little-endian on both
	if len(head) < at+2 || !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return nil
	}
	if is := elf.Machine(head[at]) | elf.Machine(head[at+1])<<8; is != machine {
		return fmt.Errorf("its file bootstrap was built for %v; use the package for %v, or another --architecture", is, machine)
	}
	return nil
}

// SHA256 returns the value that Lambda calls CodeSha256: the hash of the archive, in
// base64.
func (p Package) SHA256() string {
	sum := sha256.Sum256(p)
	return base64.StdEncoding.EncodeToString(sum[:])
}
