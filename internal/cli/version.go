package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fanout/internal/cli/ui"
)

// buildInfo describes the origin of a binary.
type buildInfo struct {
	Version  string `json:"version"`            // of the module
	Commit   string `json:"commit,omitempty"`   // if it was built from a repository
	Time     string `json:"time,omitempty"`     // of the commit (RFC 3339)
	Modified bool   `json:"modified,omitempty"` // since the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
	SDK      string `json:"sdk,omitempty"` // aws-sdk-go-v2
	Tags     string `json:"tags,omitempty"`
}

// The linker sets these (-X), because the toolchain knows no commit where it builds without
// git, as in a container. Where they are empty, what the toolchain knows holds.
var linkedVersion, linkedCommit, linkedTime string

// thisBuild reads the build information that the toolchain and the linker wrote into this
// binary.
func thisBuild() buildInfo {
	b := buildInfo{Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.read(info)
	}
	b.link(linkedVersion, linkedCommit, linkedTime)
	return b
}

// link puts in what the linker knows. It has commits as git describe --dirty prints them.
func (b *buildInfo) link(version, commit, time string) {
	commit, dirty := strings.CutSuffix(commit, "-dirty")
	b.Modified = b.Modified || dirty
	b.Version = cmp.Or(version, b.Version)
	b.Commit = cmp.Or(commit, b.Commit)
	b.Time = cmp.Or(time, b.Time)
}

func (b *buildInfo) read(info *debug.BuildInfo) {
	b.Version = cmp.Or(info.Main.Version, b.Version)
	if m := moduleOf(info, modulePath()); m != nil && m.Version != noVersion { // fanout build made it
		b.Version = m.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "-tags":
			b.Tags = s.Value
		}
	}
	if m := moduleOf(info, "github.com/aws/aws-sdk-go-v2"); m != nil {
		b.SDK = m.Version
	}
}

// noVersion is the version of a module that was built from a folder.
const noVersion = "v0.0.0"

// moduleOf returns the module with a path that a binary depends on, or nil.
func moduleOf(info *debug.BuildInfo, path string) *debug.Module {
	if i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == path }); i >= 0 {
		return info.Deps[i]
	}
	return nil
}

// version is the build in one line.
func version() string {
	b := thisBuild()
	return fmt.Sprintf("%s %s %s", b.Version, b.Go, b.Platform)
}

// String is the build in lines, without unknown values.
func (b buildInfo) String() string {
	commit := b.Commit
	if b.Time != "" {
		commit += " of " + b.Time
	}
	if b.Modified {
		commit += ", with changes"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "fanout %s\n", b.Version)
	for _, line := range []struct{ name, value string }{
		{"commit", commit}, {"go", b.Go}, {"platform", b.Platform}, {"aws-sdk-go-v2", b.SDK}, {"tags", b.Tags},
	} {
		if line.value != "" {
			fmt.Fprintf(&out, "%-14s %s\n", line.name, line.value)
		}
	}
	return out.String()
}

func newVersion() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, for a bug report",
		Long: `Version prints the details for a bug report: the version of fanout, the commit and
toolchain of its build, the platform, and the version of the AWS SDK. --version prints
most of this on one line.`,
		Example: `  fanout version
  fanout version --output json`,
		Args: ui.FlagsOnly,
	}
	ui.OneOf(cmd, &output, "output", "text", "print the version in this `FORM`: text, json or yaml", []string{"text", "json", "yaml"})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		b := thisBuild()
		if output == "text" {
			_, err := fmt.Fprint(cmd.OutOrStdout(), b)
			return ui.Failed(err)
		}
		return ui.Failed(ui.Show(cmd.OutOrStdout(), output, b, nil))
	}
	return cmd
}
