package function

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"fanout/internal/cli/ui"
	"fanout/internal/provision/code"
)

// packages writes the function that this program carries to files.
type packages struct {
	architecture string // "": all
	open         func(architecture string) (code.Package, error)
}

// written is a package in a file.
type written struct {
	File         string `json:"file"`
	Architecture string `json:"architecture"` // as Lambda has it
	Bytes        int    `json:"bytes"`
	SHA256       string `json:"sha256"`     // hexadecimal, as sha256sum prints it
	CodeSHA256   string `json:"codeSha256"` // base64, as Lambda and Terraform have it
}

// NewPackage returns the command `fanout package`.
func NewPackage() *cobra.Command {
	p := packages{open: code.Embedded}
	var output string
	cmd := &cobra.Command{
		Use:   "package DIR",
		Short: "Write the function inside this program as zip files",
		Long: `Package writes the function that this program carries to a folder, and creates the
folder if it does not exist: fanout-arm64.zip and fanout-amd64.zip. They are what
deploy uploads. Pass one to Terraform, CloudFormation, the CDK or another tool that
makes the function. A command that fanout build made writes its own function.

The table has the SHA-256 of each file in hexadecimal. JSON and YAML have it also in
base64, which Lambda calls CodeSha256.`,
		Example: `  fanout package dist
  fanout package --architecture arm64 --output json .`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("package needs one argument, the folder to write to")
			}
			if args[0] == "" {
				return errors.New("the folder to write to is empty; name one, such as dist, or . for the working directory")
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := p.write(args[0])
			if err != nil {
				return ui.Failed(err)
			}
			return ui.Failed(ui.Show(cmd.OutOrStdout(), output, all, func(t table.Writer) { packageRows(t, all) }))
		},
	}
	architectureFlag(cmd, &p.architecture, "", "write only the function for processors of this `TYPE`: "+ui.Either(code.Architectures)+" (default: both)")
	ui.OutputFlag(cmd, &output, ui.OutputForms...)
	return cmd
}

// architectureFlag adds the flag for the type of processors. It also takes the names that Go,
// Docker and Linux have for them.
func architectureFlag(cmd *cobra.Command, p *string, value, usage string) {
	ui.OneOfNamed(cmd, p, "architecture", value, usage, code.Architectures, map[string]string{"amd64": "x86_64", "aarch64": "arm64"})
}

// write writes the packages into a folder.
func (p *packages) write(dir string) ([]written, error) {
	architectures := code.Architectures
	if p.architecture != "" {
		architectures = []string{p.architecture}
	}
	all := make([]written, 0, len(architectures))
	for _, architecture := range architectures {
		archive, err := p.open(architecture)
		if errors.Is(err, code.ErrAbsent) {
			return nil, errors.New("this fanout was built without the function; build it with make build")
		}
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the code is public
			return nil, fmt.Errorf("the folder for the packages cannot be created: %w", err)
		}
		file := filepath.Join(dir, code.FileName(architecture))
		err = replaceFile(file, func(w io.Writer) error { _, err := w.Write(archive); return err })
		if err != nil {
			return nil, fmt.Errorf("the package %s cannot be written: %w", file, err)
		}
		sum := sha256.Sum256(archive)
		all = append(all, written{file, architecture, len(archive), hex.EncodeToString(sum[:]), archive.SHA256()})
	}
	return all, nil
}

// replaceFile fills a file under another name in its folder, and renames it when it is whole:
// nobody takes half a package for one. Errors do not name the file.
func replaceFile(path string, fill func(io.Writer) error) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return bare(err)
	}
	err = fill(temp)
	if err == nil {
		err = temp.Chmod(0o644) // the code is public
	}
	if err = cmp.Or(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name()) // the first error matters
	}
	return bare(err)
}

// bare returns an error of the file system without the name of the temporary file.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

func packageRows(t table.Writer, all []written) {
	t.AppendHeader(table.Row{"file", "architecture", "bytes", "sha-256"})
	for _, w := range all {
		t.AppendRow(table.Row{w.File, w.Architecture, w.Bytes, w.SHA256})
	}
}
