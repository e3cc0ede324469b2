package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// goVersion is the oldest Go that builds fanout.
const goVersion = "go1.26.0"

// toolchain runs the go command in a folder.
type toolchain struct {
	path string
	dir  string
	log  io.Writer
}

func newToolchain(dir string, log io.Writer) (*toolchain, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("fanout build needs Go %s or newer, and there is no go command; install it from https://go.dev/dl", strings.TrimPrefix(goVersion, "go"))
	}
	return &toolchain{path, dir, log}, nil
}

// toolError is a failure of the go command.
type toolError struct {
	err    error
	output string
}

func (e *toolError) Error() string { return e.output }
func (e *toolError) Unwrap() error { return e.err }

// run runs the go command and returns its output.
func (g *toolchain) run(ctx context.Context, environment []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.path, args...) //nolint:gosec // it is the go command
	cmd.Dir = g.dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off"), environment...)
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = io.MultiWriter(&errs, g.log)
	if err := cmd.Run(); err != nil {
		return "", &toolError{err, errs.String()}
	}
	return out.String(), nil
}

// build builds a package reproducibly.
func (g *toolchain) build(ctx context.Context, environment []string, args ...string) error {
	_, err := g.run(ctx, environment, append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"}, args...)...)
	return err
}

var (
	undefined = regexp.MustCompile(`undefined: extension(\d+)\.Extension`)
	wrongType = regexp.MustCompile(`extension(\d+)\.Extension\(\)|cannot use .*extension(\d+)`)
	notThere  = regexp.MustCompile(`([^\s@:]+)(?:@([^\s:]+))?: (?:reading [^\n]*(?:404 Not Found|410 Gone|no such file or directory)|invalid version: unknown revision)`)
	noPackage = regexp.MustCompile(`module (\S+)(?:@\S+)? (?:found[^\n]*, but does not contain package|provides package)|no required module provides package (\S+)`)
)

// explain makes one sentence of a failure of the go command.
func (b *Build) explain(err error) error {
	failed, ok := errors.AsType[*toolError](err)
	if !ok {
		return err
	}
	text := failed.output
	name := func(i string) string {
		for n, m := range b.With {
			if fmt.Sprint(n) == i {
				return m.Path
			}
		}
		return "an extension"
	}
	if m := undefined.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s has no function Extension; add func Extension() []lambda.Extension to the package at its path", name(m[1]))
	}
	if m := wrongType.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("the function Extension of %s has another type; write func Extension() []lambda.Extension", name(m[1]+m[2]))
	}
	if m := noPackage.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("there is no package at the path %s; give the path of the package that has the function Extension", m[1]+m[2])
	}
	if m := notThere.FindStringSubmatch(text); m != nil {
		if m[2] == "" || m[2] == "latest" {
			return fmt.Errorf("there is no module %s; check its path", m[1])
		}
		return fmt.Errorf("there is no %s of the module %s; go list -m -versions %s prints its versions", m[2], m[1], m[1])
	}
	return fmt.Errorf("the go command failed: %s", lastLine(text))
}

// lastLine returns the last line with text, which names the reason.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
