// Package archtest holds the rules of the repository's architecture as tests.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule lists the imports that packages below a folder may have, besides one
// another. A trailing slash allows everything below, and "std" the standard
// library.
type rule struct {
	folder string
	allow  []string
}

// rules is the table of ARCHITECTURE.md. bench may import everything but the
// command line.
var rules = []rule{
	{"engine", []string{"std", "golang.org/x/sync/", "github.com/sourcegraph/conc/", "go.uber.org/zap/"}},
	{"internal/jsonscan", []string{"std", "fanout/engine/ascii"}},
	{"internal/jsontext", []string{"std", "fanout/engine/ascii"}},
	{"stages", []string{"std", "fanout/engine", "fanout/internal/jq", "fanout/internal/jsonscan", "fanout/internal/jsontext", "fanout/internal/compress", "fanout/internal/near", "fanout/internal/pattern", "github.com/awslabs/kinesis-aggregation/", "github.com/klauspost/compress/"}},
	{"internal/awsname", []string{"std", "github.com/aws/aws-sdk-go-v2/aws/arn"}},
	{"internal/awshttp", []string{"std", "fanout/engine", "github.com/aws/"}},
	{"internal/awscall", []string{"std", "fanout/internal/awshttp", "fanout/internal/awsname", "github.com/aws/"}},
	{"sinks", []string{"std", "fanout/engine", "fanout/internal/jq", "fanout/internal/jsonscan", "fanout/internal/jsontext", "fanout/internal/awscall", "fanout/internal/awshttp", "fanout/internal/awsname", "fanout/internal/compress", "fanout/internal/pages", "fanout/internal/xray", "github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go/",
		"github.com/redis/go-redis/", "github.com/bradfitz/gomemcache/", "github.com/sourcegraph/conc/", "golang.org/x/time/rate"}},
	{"lambda", []string{"std", "fanout/internal/jq", "fanout/internal/near", "fanout/engine", "fanout/internal/jsonscan", "fanout/internal/jsontext", "fanout/stages", "fanout/sinks", "fanout/internal/awscall", "fanout/internal/awshttp", "fanout/internal/awsname", "fanout/internal/xray", "github.com/", "go.uber.org/", "golang.org/x/", "go.yaml.in/"}},
	{"internal/xray", []string{"std"}},
	{"internal/compress", []string{"std", "github.com/klauspost/compress/"}},
	{"internal/near", []string{"std", "github.com/hbollon/go-edlib"}},
	{"internal/awserr", []string{"std", "fanout/engine/plain", "github.com/aws/"}},
	{"internal/build", []string{"std", "golang.org/x/mod/module"}},
	{"internal/jq", []string{"std", "fanout/engine/plain", "fanout/internal/jsonscan", "fanout/internal/jsontext", "github.com/itchyny/gojq"}},
	{"internal/hide", []string{"std", "github.com/aws/"}},
	{"internal/pages", []string{"std"}},
	{"internal/pattern", []string{"std", "fanout/engine/plain", "fanout/internal/jsonscan", "fanout/internal/near"}},
	{"internal/brokers", []string{"std", "fanout/engine", "fanout/internal/awsname", "github.com/aws/aws-sdk-go-v2/aws", "github.com/twmb/franz-go/"}},
	{"internal/poll", []string{"std", "fanout/engine/plain", "fanout/internal/awsname", "fanout/internal/brokers", "fanout/internal/hide", "fanout/internal/jsontext", "github.com/aws/", "github.com/twmb/franz-go/", "github.com/sourcegraph/conc/", "golang.org/x/sync/", "go.uber.org/zap/"}},
	{"internal/redrive", []string{"std", "fanout/internal/hide", "fanout/sinks", "fanout/stages", "fanout/internal/awsname", "fanout/engine", "fanout/lambda", "github.com/aws/"}},
	{"internal/tune", []string{"std", "fanout/internal/jsontext", "fanout/sinks", "fanout/internal/awsname", "fanout/lambda", "fanout/engine", "github.com/", "go.uber.org/", "go.yaml.in/"}},
	{"internal/provision", []string{"std", "fanout/internal/awserr", "fanout/sinks", "fanout/internal/awsname", "fanout/internal/awshttp", "fanout/internal/pages", "fanout/engine", "fanout/lambda", "fanout/internal/near", "github.com/aws/", "golang.org/x/", "go.yaml.in/"}},
	{"internal/console", []string{"std", "fanout/internal/awserr", "fanout/internal/provision/status"}},
	{"internal/cli", []string{"std", "fanout/internal/console", "fanout/internal/jq", "fanout/internal/awserr", "fanout/sinks", "fanout/internal/awsname", "fanout/internal/pages", "fanout/lambda", "fanout/engine", "fanout/internal/near", "fanout/internal/build", "fanout/internal/brokers", "fanout/internal/poll", "fanout/internal/redrive",
		"fanout/internal/tune", "fanout/internal/provision", "github.com/", "go.uber.org/", "golang.org/x/", "go.yaml.in/"}},
	{"command", []string{"fanout/internal/cli", "fanout/lambda"}},
	{"cmd/bootstrap", []string{"fanout/lambda"}},
	{"extra", []string{"std", "fanout/engine", "fanout/sinks", "fanout/lambda", "fanout/internal/awsname", "fanout/internal/brokers", "fanout/internal/jsonscan", "github.com/twmb/franz-go/"}},
	{"cmd/fanout", []string{"fanout/command", "fanout/extra"}},
}

// testKits are packages that only tests import.
var testKits = []string{"fanout/engine/enginetest", "fanout/sinks/internal/sinktest"}

// comforts belong to the command line, or cost more at each start than they save: the
// function stays small and starts fast.
var comforts = []string{"github.com/spf13/", "github.com/jedib0t/", "github.com/twmb/", "golang.org/x/term", "google.golang.org/protobuf/"}

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,Deps"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func below(path, prefix string) bool {
	return path == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}

func TestImports(t *testing.T) {
	standard := map[string]bool{}
	for _, p := range list(t, "-deps", "./...") {
		standard[p.ImportPath] = p.Standard
	}
	for _, r := range rules {
		found := false
		for _, p := range list(t, "./...") {
			if !below(p.ImportPath, "fanout/"+r.folder) || slices.Contains(testKits, p.ImportPath) {
				continue
			}
			found = true
			for _, imp := range p.Imports {
				if standard[imp] && slices.Contains(r.allow, "std") || below(imp, "fanout/"+r.folder) {
					continue
				}
				if !slices.ContainsFunc(r.allow, func(a string) bool { return below(imp, a) }) {
					t.Errorf("%s imports %s; the table of ARCHITECTURE.md does not allow it", p.ImportPath, imp)
				}
			}
		}
		if !found {
			t.Errorf("there is no package below %s, so its rule checks nothing", r.folder)
		}
	}
}

// A sink without AWS links none of its SDK.
func TestFileSinkLinksNoAWS(t *testing.T) {
	for _, p := range list(t, "./sinks/file") {
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "github.com/aws/") {
				t.Errorf("%s links %s", p.ImportPath, dep)
			}
		}
	}
}

// Shipped code links no test code.
func TestNothingShipsTestCode(t *testing.T) {
	for _, p := range list(t, "./cmd/...") {
		for _, dep := range p.Deps {
			if below(dep, "fanout/internal/testing") || slices.Contains(testKits, dep) || dep == "testing" {
				t.Errorf("%s is built with %s", p.ImportPath, dep)
			}
		}
	}
}

func TestFunctionHasNoComforts(t *testing.T) {
	for _, p := range list(t, "./cmd/bootstrap") {
		for _, dep := range p.Deps {
			if slices.ContainsFunc(comforts, func(c string) bool { return below(dep, c) }) {
				t.Errorf("the function is built with %s, which it does without", dep)
			}
		}
	}
}

// TestFunctionHasNoSchemas pins the function's AWS clients, and the SDK's configuration
// with its clients for signing in, to versions without package schemas. Such a package
// builds the schemas of all operations at start (docs/performance.md, Start-up).
func TestFunctionHasNoSchemas(t *testing.T) {
	for _, p := range list(t, "./cmd/bootstrap") {
		for _, dep := range p.Deps {
			service, ok := strings.CutPrefix(dep, "github.com/aws/aws-sdk-go-v2/service/")
			service, schemas := strings.CutSuffix(service, "/schemas")
			if ok && schemas {
				t.Errorf("the client of %s makes its schemas at start: see docs/performance.md, Start-up, before you raise its version", service)
			}
		}
	}
}

// The rooms of the command line: a group of commands imports no other group. Commands that
// deliver here build on run.
var rooms = map[string][]string{
	"ui":       nil,
	"factory":  {"ui"},
	"manage":   {"factory", "ui"},
	"function": {"factory", "manage", "ui"},
	"targets":  {"factory", "manage", "ui"},
	"sources":  {"factory", "manage", "ui"},
	"watch":    {"factory", "manage", "ui"},
	"lines":    {"factory"},
	"run":      {"factory", "lines", "ui"},
	"event":    {"lines", "ui"},
	"cases":    {"factory", "ui"},
	"redrive":  {"factory", "manage", "run", "ui"},
	"tune":     {"factory", "manage", "run", "ui"},
}

func TestRooms(t *testing.T) {
	for _, p := range list(t, "./internal/cli/...") {
		room, ok := strings.CutPrefix(p.ImportPath, "fanout/internal/cli/")
		if !ok {
			continue // the root command imports every room
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("internal/cli/%s is in no row of the table rooms", room)
		}
		for _, imp := range p.Imports {
			if other, ok := strings.CutPrefix(imp, "fanout/internal/cli/"); ok && !slices.Contains(allowed, other) {
				t.Errorf("internal/cli/%s imports %s", room, imp)
			}
		}
	}
}
