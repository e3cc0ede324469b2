package build

import (
	"archive/zip"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// proxy is a folder that the go command reads as a module proxy.
// See https://go.dev/ref/mod#goproxy-protocol.
type proxy string

// newProxy makes the go command take all modules from an empty proxy.
func newProxy(t *testing.T) proxy {
	t.Helper()
	cache := t.TempDir()
	for name, value := range map[string]string{
		"GOMODCACHE": cache, "GOSUMDB": "off", "GOTOOLCHAIN": "local", "GONOPROXY": "", "GOPRIVATE": "",
	} {
		t.Setenv(name, value)
	}
	t.Cleanup(func() { // the files of the cache are read-only
		if out, err := exec.Command("go", "clean", "-modcache").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	p := proxy(t.TempDir())
	t.Setenv("GOPROXY", "file://"+string(p))
	return p
}

// put puts a version of a module with its files there.
func (p proxy) put(t *testing.T, path, version string, files map[string]string) {
	t.Helper()
	dir := filepath.Join(string(p), path, "@v")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		part, err := w.Create(path + "@" + version + "/" + name)
		if err == nil {
			_, err = io.WriteString(part, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := os.OpenFile(filepath.Join(dir, "list"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	if _, err := io.WriteString(list, version+"\n"); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".mod": files["go.mod"], ".info": `{"Version":"` + version + `","Time":"2026-01-02T03:04:05Z"}`} {
		if err := os.WriteFile(filepath.Join(dir, version+name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const self = "example.com/fanout"

// putFanout puts a version of a small fanout there.
func (p proxy) putFanout(t *testing.T, version string) {
	t.Helper()
	const run = "package %s\n\nimport \"example.com/fanout/lambda\"\n\nfunc Main(all ...lambda.Extension) { println(len(all)) }\n"
	p.put(t, self, version, map[string]string{
		"go.mod":             "module " + self + "\n\ngo 1.26.0\n",
		"lambda/lambda.go":   "package lambda\n\ntype Extension struct{}\n\nfunc Main(...Extension) {}\n",
		"extra/mask/mask.go": "package mask\n\nimport \"example.com/fanout/lambda\"\n\nfunc Extension() []lambda.Extension { return make([]lambda.Extension, 1) }\n",
		"command/command.go": strings.Replace(run, "%s", "command", 1),
	})
}

// putExtension puts a version of an extension there that needs a version of fanout.
func (p proxy) putExtension(t *testing.T, path, version, needs string) {
	t.Helper()
	p.put(t, path, version, map[string]string{
		"go.mod":       "module " + path + "\n\ngo 1.26.0\n\nrequire " + self + " " + needs + "\n",
		"extension.go": "package extension\n\nimport \"example.com/fanout/lambda\"\n\nfunc Extension() []lambda.Extension { return make([]lambda.Extension, 1) }\n",
	})
}

// TestRunFromProxy builds with modules that the go command downloads.
func TestRunFromProxy(t *testing.T) {
	p := newProxy(t)
	p.putFanout(t, "v1.4.0")
	p.putFanout(t, "v1.5.0")
	p.putExtension(t, "example.com/mask", "v1.0.0", "v1.3.0") // the command's version is newer
	p.putExtension(t, "example.com/mask", "v1.1.0", "v1.5.0")
	p.putFanout(t, "v1.3.0")
	for name, c := range map[string]struct{ with, want string }{
		"a version that fits":             {with: "example.com/mask@v1.0.0"},
		"a package of fanout itself":      {with: self + "/extra/mask"},
		"a package that fanout lacks":     {self + "/extra/nothing", "there is no package at the path example.com/fanout"},
		"the latest, which needs a newer": {"example.com/mask", "an extension needs fanout v1.5.0, but this command is v1.4.0; use fanout v1.5.0, or another version of the extension"},
		"a version that needs a newer":    {"example.com/mask@v1.1.0", "an extension needs fanout v1.5.0, but this command is v1.4.0; use fanout v1.5.0, or another version of the extension"},
		"a version that is not there":     {"example.com/mask@v1.9.0", "there is no v1.9.0 of the module example.com/mask; go list -m -versions example.com/mask prints its versions"},
		"a module that is not there":      {"example.com/nothing", "there is no module example.com/nothing; check its path"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ParseModule(c.with)
			if err != nil {
				t.Fatal(err)
			}
			b := Build{With: []Module{m}, Fanout: Module{Path: self, Version: "v1.4.0"}, Output: t.TempDir(), Log: io.Discard}
			r, err := b.Run(t.Context())
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v\nwant %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(r.Command).CombinedOutput()
			if err != nil || string(out) != "1\n" || len(r.Functions) != 2 {
				t.Errorf("%q, %v; functions %v", out, err, r.Functions)
			}
		})
	}
}
