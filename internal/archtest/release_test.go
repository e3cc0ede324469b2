package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A release builds the command as make does, and has the function for both architectures.
func TestReleaseIsBuiltAsMakeDoes(t *testing.T) {
	var release struct {
		Dist   string
		Before struct{ Hooks []string }
		Builds []struct {
			Main         string
			Env          []string
			Flags, Tags  []string
			Ldflags      []string
			Goos, Goarch []string
			Time         string `yaml:"mod_timestamp"`
		}
		Checksum struct {
			ExtraFiles []struct{ Glob string } `yaml:"extra_files"`
		}
		Release struct {
			ExtraFiles []struct{ Glob string } `yaml:"extra_files"`
		}
	}
	if err := yaml.Unmarshal(readRoot(t, ".goreleaser.yaml"), &release); err != nil {
		t.Fatal(err)
	}
	makefile := string(readRoot(t, "Makefile"))
	if len(release.Builds) != 1 {
		t.Fatalf("there are %d builds; the command alone is built", len(release.Builds))
	}
	command := regexp.MustCompile(`(?s)\nCOMMAND += (.*?)"\n`).FindStringSubmatch(makefile)
	if command == nil {
		t.Fatal("the Makefile has no COMMAND")
	}
	build := release.Builds[0]
	for _, part := range []string{
		"-tags " + strings.Join(build.Tags, ","), strings.Join(build.Flags, " "), build.Ldflags[0],
	} {
		if !strings.Contains(command[1], part) {
			t.Errorf("a release is built with %q, and make build with %s", part, command[1])
		}
	}
	name := regexp.MustCompile(`\.(linked\w+)=`)
	if got, want := names(name, strings.Join(build.Ldflags, " ")), names(name, command[1]); !slices.Equal(got, want) || len(got) != 3 {
		t.Errorf("a release sets %v, and make build sets %v", got, want)
	}
	if build.Main != "./cmd/fanout" || !strings.Contains(makefile, "bin/fanout "+build.Main+"\n") {
		t.Errorf("a release builds %s", build.Main)
	}
	if len(build.Goos) != 3 || len(build.Goarch) != 2 || build.Time == "" {
		t.Errorf("a release is for %v on %v, with the time %q", build.Goos, build.Goarch, build.Time)
	}
	if !slices.ContainsFunc(release.Before.Hooks, func(h string) bool { return strings.Contains(h, "make bin/fanout") }) {
		t.Error("the function, which the command carries, is not built before the command")
	}
	if release.Dist == "dist" || release.Dist == "" {
		t.Error("goreleaser removes its folder, which must not be that of make")
	}
	for what, files := range map[string][]struct{ Glob string }{"checksums": release.Checksum.ExtraFiles, "the release": release.Release.ExtraFiles} {
		if len(files) != 1 || files[0].Glob != "dist/fanout-*.zip" || !strings.Contains(makefile, "package: dist/fanout-arm64.zip dist/fanout-amd64.zip") {
			t.Errorf("%s: the function is missing: %v", what, files)
		}
	}
}

// Whatever a step of the release can write, its action is pinned to a commit.
func TestReleasePinsActions(t *testing.T) {
	uses := regexp.MustCompile(`uses: (\S+)`).FindAllStringSubmatch(string(readRoot(t, ".github/workflows/release.yml")), -1)
	if len(uses) == 0 {
		t.Fatal("the release uses no action")
	}
	for _, u := range uses {
		if !regexp.MustCompile(`@[0-9a-f]{40}$`).MatchString(u[1]) {
			t.Errorf("%s is not pinned to a commit", u[1])
		}
	}
}

// The Go of the image builds the module.
func TestImageHasTheGoOfTheModule(t *testing.T) {
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(readRoot(t, "go.mod"))
	if image := "FROM golang:" + string(version[1]) + " AS build"; !strings.Contains(string(readRoot(t, "Dockerfile")), image) {
		t.Errorf("the Dockerfile has no %s", image)
	}
}

// names returns the sorted first groups of what matches.
func names(re *regexp.Regexp, text string) []string {
	var all []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

func readRoot(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
