package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"fanout/internal/build"
	"fanout/internal/cli/ui"
)

// buildCommand builds fanout with extensions.
type buildCommand struct {
	with   []string
	fanout string
	output string
}

func newBuild() *cobra.Command {
	var b buildCommand
	cmd := &cobra.Command{
		Use:   "build --with MODULE",
		Short: "Build fanout with your own stages and types of targets",
		Long: `Build makes a fanout that has more stages and types of targets: the function for
both architectures of Lambda, and a command that knows the additions and deploys
that function. It needs Go.

A module with additions has a package at its path with

  func Extension() []lambda.Extension

docs/extending.md shows how to write one. The build uses this command's own version
of fanout. A command that was built from a checkout needs the checkout: run build in
it, or name it with --fanout.`,
		Example: `  fanout build --with example.com/acme/mask@v1.2.0
  fanout build --with example.com/extension=examples/extension --output dist/extended
  dist/extended/fanout deploy --function fanout`,
		Args: ui.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	s := cmd.Flags()
	s.SortFlags = false
	s.StringArrayVar(&b.with, "with", nil, "add this `MODULE`: its path, path@version, or path=folder; may be repeated")
	s.StringVar(&b.output, "output", "dist", "write the results to this `DIR`")
	s.StringVar(&b.fanout, "fanout", "", "build the fanout in this `DIR` (default: this command's version)")
	_ = cmd.MarkFlagDirname("output")
	_ = cmd.MarkFlagDirname("fanout")
	return cmd
}

func (b *buildCommand) run(cmd *cobra.Command) error {
	if len(b.with) == 0 {
		return errors.New("no module is named; add --with MODULE")
	}
	job := build.Build{Output: b.output, Log: cmd.ErrOrStderr()}
	for _, text := range b.with {
		m, err := build.ParseModule(text)
		if err != nil {
			return fmt.Errorf("--with: %w", err)
		}
		job.With = append(job.With, m)
	}
	path := modulePath()
	dir := b.fanout
	if dir == "" {
		dir = checkout(path)
	}
	var err error
	if job.Fanout, err = build.Self(path, thisBuild().Version, dir); err != nil {
		return err
	}
	result, err := job.Run(cmd.Context())
	if err != nil {
		return ui.Failed(err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), result.Command)
	for _, arch := range []string{"arm64", "amd64"} {
		fmt.Fprintln(cmd.OutOrStdout(), result.Functions[arch])
	}
	return nil
}

// modulePath is the path of fanout's module in this binary.
func modulePath() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "fanout"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == "fanout" || strings.HasSuffix(m.Path, "/fanout") {
			return m.Path
		}
	}
	return "fanout"
}

// checkout returns the folder of fanout's module that this process works in, "" if it does
// not.
func checkout(path string) string {
	dir, err := os.Getwd()
	for err == nil {
		if _, wrong := build.Self(path, "", dir); wrong == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return ""
}
