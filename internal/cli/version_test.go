package cli

import (
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuild(t *testing.T) {
	b := buildInfo{Version: "(unknown)", Go: "go1.26.0", Platform: "linux/arm64"}
	want := "fanout (unknown)\ngo             go1.26.0\nplatform       linux/arm64\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("where nothing is known:\n%s", diff)
	}
	b.read(&debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Deps: []*debug.Module{{Path: "github.com/aws/smithy-go", Version: "v1.28.8"}, {Path: "github.com/aws/aws-sdk-go-v2", Version: "v1.47.7"}},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.time", Value: "2026-11-22T20:15:00Z"},
			{Key: "vcs.modified", Value: "true"}, {Key: "-tags", Value: "packaged"}, {Key: "GOARCH", Value: "arm64"},
		},
	})
	want = `fanout v1.2.3
commit         0123abcd of 2026-11-22T20:15:00Z, with changes
go             go1.26.0
platform       linux/arm64
aws-sdk-go-v2  v1.47.7
tags           packaged
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestVersionOfExtendedCommand(t *testing.T) {
	for version, want := range map[string]string{"v1.4.0": "v1.4.0", "v0.0.0": "(devel)"} {
		var b buildInfo
		b.read(&debug.BuildInfo{
			Main: debug.Module{Path: "fanout.build", Version: "(devel)"},
			Deps: []*debug.Module{{Path: modulePath(), Version: version, Replace: &debug.Module{Path: "/tmp/source"}}},
		})
		if b.Version != want {
			t.Errorf("fanout %s: the command's version is %s; want %s", version, b.Version, want)
		}
	}
}

// What the linker knows wins, and the rest stays.
func TestLinkedBuild(t *testing.T) {
	toolchain := buildInfo{Version: "(devel)", Commit: "0123abcd", Time: "2026-11-22T20:15:00Z", Go: "go1.26.0"}
	release := buildInfo{Version: "v1.2.3", Commit: "4567cdef", Time: "2026-11-30T09:00:00Z", Go: "go1.26.0"}
	work := buildInfo{Version: "(devel)", Commit: "4567cdef", Time: "2026-11-30T09:00:00Z", Modified: true, Go: "go1.26.0"}
	for name, c := range map[string]struct {
		version, commit, time string
		want                  buildInfo
	}{
		"nothing":             {"", "", "", toolchain},
		"a release":           {"v1.2.3", "4567cdef", "2026-11-30T09:00:00Z", release},
		"a tree with changes": {"", "4567cdef-dirty", "2026-11-30T09:00:00Z", work},
	} {
		b := toolchain
		b.link(c.version, c.commit, c.time)
		if diff := cmp.Diff(c.want, b); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
