package build

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseModule(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/mask\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Module{
		"example.com/mask":        {Path: "example.com/mask"},
		"example.com/mask@v1.2.0": {Path: "example.com/mask", Version: "v1.2.0"},
		"example.com/mask=" + dir: {Path: "example.com/mask", Dir: dir},
	} {
		if got, err := ParseModule(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                          "is not the path of a Go module",
		"example.com/a b":           "is not the path of a Go module",
		"example.com/mask=/nowhere": "/nowhere has no go.mod; name the folder of the module example.com/mask",
		"../mask":                   "is not the path of a Go module",
	} {
		if _, err := ParseModule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestSelf(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("// a comment\nmodule fanout\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := Self("fanout", "(devel)", dir); err != nil || m.Dir != dir {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := Self("example.com/fanout", "v1.4.0", ""); err != nil || m.Version != "v1.4.0" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, version := range []string{"(devel)", "", "v1.4.0+dirty"} {
		if _, err := Self("example.com/fanout", version, ""); !errors.Is(err, errNoFanout) {
			t.Errorf("version %q: %v", version, err)
		}
	}
	if _, err := Self("other", "(devel)", dir); err == nil || !strings.Contains(err.Error(), "is not a checkout of fanout") {
		t.Errorf("another module: %v", err)
	}
}

// TestOwnPackage asserts that a package of fanout itself needs no module.
func TestOwnPackage(t *testing.T) {
	b := Build{Fanout: Module{Path: "example.com/fanout"}}
	for _, c := range []struct {
		m    Module
		want bool
	}{
		{Module{Path: "example.com/fanout/extra/kafka"}, true},
		{Module{Path: "example.com/fanoutmore"}, false},
		{Module{Path: "example.com/fanout/mask", Version: "v1.0.0"}, false},
		{Module{Path: "example.com/fanout/mask", Dir: "/mask"}, false},
	} {
		if got := b.own(c.m); got != c.want {
			t.Errorf("%+v: %v", c.m, got)
		}
	}
}

func TestMainPackage(t *testing.T) {
	b := Build{Fanout: Module{Path: "example.com/fanout"}, With: []Module{{Path: "example.com/a"}, {Path: "example.com/b/v2"}}}
	text := b.main("lambda")
	if _, err := parser.ParseFile(token.NewFileSet(), "main.go", text, 0); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	for _, want := range []string{`"example.com/fanout/lambda"`, `extension1 "example.com/b/v2"`, "lambda.Main(slices.Concat(\n\t\textension0.Extension(),\n\t\textension1.Extension(),\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestExplain(t *testing.T) {
	b := Build{With: []Module{{Path: "example.com/a"}, {Path: "example.com/b"}}}
	for output, want := range map[string]string{
		"# fanout.build/bootstrap\nbootstrap/main.go:12:14: undefined: extension1.Extension\n":                                                   "example.com/b has no function Extension; add func Extension() []lambda.Extension to the package at its path",
		"bootstrap/main.go:11:3: cannot use extension0.Extension() (value of type int) as []lambda.Extension value in argument":                  "the function Extension of example.com/a has another type",
		"go: finding module for package example.com/a\nmain.go:6:2: no required module provides package example.com/a; to add it:\n\tgo get x\n": "there is no package at the path example.com/a",
		"go: downloading\ngo: example.com/a@v9: invalid version: unknown revision v9\n":                                                          "there is no v9 of the module example.com/a; go list -m -versions example.com/a prints its versions",
		"go: example.com/a@v1.2.0: reading https://proxy.golang.org/example.com/a/@v/v1.2.0.mod: 404 Not Found\n\tserver response: not found\n":  "there is no v1.2.0 of the module example.com/a;",
		"go: module example.com/a: reading https://proxy.golang.org/example.com/a/@v/list: 404 Not Found\n\tserver response: not found\n":        "there is no module example.com/a; check its path",
		"go: module example.com/a: reading https://proxy.golang.org/example.com/a/@v/list: dial tcp: no route to host\n":                         "the go command failed: go: module example.com/a: reading",
		"go: updates to go.mod needed\n": "the go command failed: go: updates to go.mod needed",
	} {
		if got := b.explain(&toolError{errors.New("exit status 1"), output}); !strings.Contains(got.Error(), want) {
			t.Errorf("%q\ngives %v\nwant  %s", output, got, want)
		}
	}
}

func TestNoGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := newToolchain(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "there is no go command; install it from https://go.dev/dl") {
		t.Error(err)
	}
}
