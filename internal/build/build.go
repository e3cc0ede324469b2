// Package build builds fanout with extensions: the function for Lambda, and a command line
// that knows them and carries that function.
package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/module"
)

// Module is a module with extensions: one whose package at its path has a function
//
//	func Extension() []lambda.Extension
type Module struct {
	Path    string
	Version string // "": the latest
	Dir     string // its folder on this machine; "": it is downloaded
}

// ParseModule parses MODULE, MODULE@VERSION or MODULE=PATH.
func ParseModule(text string) (Module, error) {
	m := Module{Path: text}
	if path, dir, found := strings.Cut(text, "="); found {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return m, err
		}
		if _, err := os.Stat(filepath.Join(abs, "go.mod")); err != nil {
			return m, fmt.Errorf("%s has no go.mod; name the folder of the module %s", dir, path)
		}
		m.Path, m.Dir = path, abs
	} else if path, version, found := strings.Cut(text, "@"); found {
		m.Path, m.Version = path, version
	}
	if err := module.CheckImportPath(m.Path); err != nil {
		return m, fmt.Errorf("%q is not the path of a Go module; write MODULE, MODULE@VERSION or MODULE=FOLDER", m.Path)
	}
	return m, nil
}

// Build is one build.
type Build struct {
	With   []Module
	Fanout Module    // fanout itself; its Path is that of this program's module
	Output string    // folder for the results
	Log    io.Writer // the steps, and the go command's output
}

// Result names the files of a build.
type Result struct {
	Command   string            // the command line
	Functions map[string]string // zip archives by architecture: arm64 and amd64
}

// Run builds everything. Its errors are one sentence each and say what to do.
func (b *Build) Run(ctx context.Context) (Result, error) {
	dir, err := os.MkdirTemp("", "fanout-build-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // leftovers do no harm
	g, err := newToolchain(dir, b.Log)
	if err != nil {
		return Result{}, err
	}
	if err := b.write(dir); err != nil {
		return Result{}, err
	}
	b.step("resolving the modules")
	if err := b.resolve(ctx, g); err != nil {
		return Result{}, err
	}
	if err := os.MkdirAll(b.Output, 0o750); err != nil {
		return Result{}, fmt.Errorf("the folder for the results cannot be made: %w", err)
	}
	r := Result{Functions: make(map[string]string)}
	for _, arch := range []string{"arm64", "amd64"} {
		b.step("building the function for " + arch)
		if r.Functions[arch], err = b.function(ctx, g, arch); err != nil {
			return r, err
		}
	}
	b.step("building the command")
	r.Command, err = b.command(ctx, g, r.Functions)
	return r, err
}

// own reports whether m is a package of fanout itself.
func (b *Build) own(m Module) bool {
	return m.Dir == "" && m.Version == "" && strings.HasPrefix(m.Path, b.Fanout.Path+"/")
}

// step says what the build does now, because a step may take minutes.
func (b *Build) step(text string) { fmt.Fprintln(b.Log, text) }

// write writes the module with the two main packages.
func (b *Build) write(dir string) error {
	var mod strings.Builder
	fmt.Fprintf(&mod, "module fanout.build\n\ngo %s\n\n", strings.TrimPrefix(goVersion, "go"))
	for _, m := range append([]Module{b.Fanout}, b.With...) {
		version := m.Version
		if b.own(m) {
			continue
		}
		if m.Dir != "" {
			version = "v0.0.0"
			fmt.Fprintf(&mod, "replace %s => %s\n", m.Path, m.Dir)
		}
		if version != "" {
			fmt.Fprintf(&mod, "require %s %s\n", m.Path, version)
		}
	}
	files := map[string]string{
		"go.mod":            mod.String(),
		"bootstrap/main.go": b.main("lambda"),
		"fanout/main.go":    b.main("command"),
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// main is a main package that calls Main of a package of fanout with all extensions.
func (b *Build) main(of string) string {
	var imports, calls strings.Builder
	for i, m := range b.With {
		fmt.Fprintf(&imports, "\textension%d %q\n", i, m.Path)
		fmt.Fprintf(&calls, "\t\textension%d.Extension(),\n", i)
	}
	return fmt.Sprintf("package main\n\nimport (\n\t\"slices\"\n\n\t%q\n%s)\n\nfunc main() {\n\t%s.Main(slices.Concat(\n%s\t)...)\n}\n",
		b.Fanout.Path+"/"+of, imports.String(), of, calls.String())
}

// function builds the function for an architecture, and packs it.
func (b *Build) function(ctx context.Context, g *toolchain, arch string) (archive string, err error) {
	binary := filepath.Join(g.dir, arch, "bootstrap")
	err = g.build(ctx, []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"},
		"-tags", "lambda.norpc", "-o", binary, "./bootstrap")
	if err != nil {
		return "", b.explain(err)
	}
	archive = filepath.Join(b.Output, "fanout-"+arch+".zip")
	if err := Zip(archive, binary); err != nil {
		return "", fmt.Errorf("the function cannot be packed: %w", err)
	}
	return archive, nil
}

// command builds the command line with the archives of the function inside.
func (b *Build) command(ctx context.Context, g *toolchain, archives map[string]string) (string, error) {
	source, err := g.run(ctx, nil, "list", "-m", "-f", "{{.Dir}}", b.Fanout.Path)
	if err != nil {
		return "", b.explain(err)
	}
	replace := make(map[string]string)
	for arch, archive := range archives {
		abs, err := filepath.Abs(archive)
		if err != nil {
			return "", err
		}
		replace[filepath.Join(strings.TrimSpace(source), "internal", "provision", "code", "fanout-"+arch+".zip")] = abs
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(g.dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", err
	}
	name := "fanout"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	binary, err := filepath.Abs(filepath.Join(b.Output, name))
	if err != nil {
		return "", err
	}
	return filepath.Join(b.Output, name), b.explain(g.build(ctx, nil, "-tags", "release,lambda.norpc", "-overlay", file, "-o", binary, "./fanout"))
}

// resolve finds the versions of all modules. Go takes the highest version of fanout that
// any module asks for, so the result is compared with this command's.
func (b *Build) resolve(ctx context.Context, g *toolchain) error {
	for _, m := range b.With {
		if m.Dir == "" && m.Version == "" && !b.own(m) {
			if _, err := g.run(ctx, nil, "get", m.Path+"@latest"); err != nil {
				return b.explain(err)
			}
		}
	}
	if _, err := g.run(ctx, nil, "mod", "tidy"); err != nil {
		return b.explain(err)
	}
	if b.Fanout.Dir != "" {
		return nil
	}
	version, err := g.run(ctx, nil, "list", "-m", "-f", "{{.Version}}", b.Fanout.Path)
	if err != nil {
		return b.explain(err)
	}
	if version = strings.TrimSpace(version); version != b.Fanout.Version {
		return fmt.Errorf("an extension needs fanout %s, but this command is %s; use fanout %s, or another version of the extension", version, b.Fanout.Version, version)
	}
	return b.copyFanout(ctx, g)
}

// copyFanout copies the source of a fanout that was downloaded. The go command puts no
// other file in place of one in its module cache, and the command is to carry the new
// function.
func (b *Build) copyFanout(ctx context.Context, g *toolchain) error {
	source, err := g.run(ctx, nil, "list", "-m", "-f", "{{.Dir}}", b.Fanout.Path)
	if err != nil {
		return b.explain(err)
	}
	to := filepath.Join(g.dir, "source")
	if err := os.CopyFS(to, os.DirFS(strings.TrimSpace(source))); err != nil {
		return fmt.Errorf("the source of fanout cannot be copied: %w", err)
	}
	_, err = g.run(ctx, nil, "mod", "edit", "-replace", b.Fanout.Path+"="+to)
	return b.explain(err)
}

// errNoFanout reports that this command does not know where its own source is.
var errNoFanout = errors.New("this fanout was built from a checkout, so its source cannot be downloaded; add --fanout FOLDER with the checkout")

// Self returns the module of this program: version is that of its build, and dir the folder
// of a checkout, "" for none.
func Self(path, version, dir string) (Module, error) {
	m := Module{Path: path, Version: version}
	if dir != "" {
		if name, err := moduleOf(dir); err != nil || name != path {
			return m, fmt.Errorf("%s is not a checkout of fanout; name the folder that has its go.mod", dir)
		}
		abs, err := filepath.Abs(dir)
		m.Dir = abs
		return m, err
	}
	if !module.IsPseudoVersion(version) && module.CanonicalVersion(version) != version || version == "" || strings.Contains(version, "+dirty") || !strings.Contains(path, ".") {
		return m, errNoFanout
	}
	return m, nil
}

// moduleOf returns the module whose go.mod is in a folder.
func moduleOf(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", errors.New("the go.mod names no module")
}
