package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fanout/sinks"
	"fanout/sinks/builtin"
	"fanout/sinks/builtin/setup"
)

// notProduct are folders whose code may know target types: tests, benchmarks and demos use
// some types as examples.
var notProduct = []string{"bench", "examples", "integration", "internal/archtest", "internal/testing"}

// knowTypes are the product files that know a target type by name, with the reason.
var knowTypes = map[string]string{
	"internal/cli/redrive/command.go":     "it reads a queue of SQS",
	"internal/cli/redrive/deliver.go":     "it reads a queue of SQS",
	"internal/cli/run/run_queue.go":       "it reads a queue of SQS",
	"internal/provision/status/queues.go": "the queue for failures is one of SQS",
}

// ambiguous are target types whose names have other meanings: services of sources and of the
// function, and a flag. So the names alone show nothing.
var ambiguous = []string{"kinesis", "dynamodb", "eventbridge", "sns", "sqs", "lambda", "s3", "file", "http"}

// Code that depends on a target type asks its descriptor: no other product code names a type or
// imports its package.
func TestTypesAreKnownToTheirFoldersAlone(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	used := make(map[string]bool) // of knowTypes
	files := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "sinks" || slices.Contains(notProduct, path) || len(path) > 1 && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", path), nil, 0)
		if err != nil {
			return err
		}
		for _, what := range typesIn(file) {
			if used[path] = true; knowTypes[path] == "" {
				t.Errorf("%s has %s; ask the descriptor of the type instead", path, what)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files were looked at", files)
	}
	for path := range knowTypes {
		if !used[path] {
			t.Errorf("%s knows no type, so it need not be in knowTypes", path)
		}
	}
}

// typesIn returns where a file knows a type of target.
func typesIn(file *ast.File) []string {
	var names, packages, found []string
	for _, typ := range builtin.Types() {
		packages = append(packages, "fanout/sinks/"+typ.Name)
		if !slices.Contains(ambiguous, typ.Name) {
			names = append(append(names, typ.Name), typ.Aliases...)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			path, _ := strconv.Unquote(n.Path.Value)
			if slices.ContainsFunc(packages, func(p string) bool { return below(path, p) }) {
				found = append(found, "the import "+path)
			}
			return false
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && slices.Contains(names, text) {
				found = append(found, "the type "+text)
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "builtin" && n.Sel.Name == "Type" {
				found = append(found, "builtin.Type")
			}
		}
		return true
	})
	return found
}

// The function links the clients of its sources, targets and options, and nothing of what
// only the commands look up.
func TestFunctionLinksNoSetup(t *testing.T) {
	clients := []string{
		"cloudwatch", "dynamodb", "firehose", "iotdataplane", "kinesis", "lambda", "secretsmanager", "sns", "sqs", "sts",
		"signin", "sso", "ssooidc", // come with the configuration of the SDK
		"internal",
	}
	for _, p := range list(t, "./cmd/bootstrap") {
		for _, dep := range p.Deps {
			if below(dep, "fanout/sinks/account") || strings.HasPrefix(dep, "fanout/sinks/") && strings.HasSuffix(dep, "/setup") {
				t.Errorf("the function links %s, which is for the commands", dep)
			}
			rest, ok := strings.CutPrefix(dep, "github.com/aws/aws-sdk-go-v2/service/")
			service, _, _ := strings.Cut(rest, "/")
			if ok && !slices.Contains(clients, service) {
				t.Errorf("the function links the client of %s", service)
			}
		}
	}
}

// Each type that calls AWS has a descriptor for the commands.
func TestSetups(t *testing.T) {
	all := setup.Types()
	for _, typ := range builtin.Types() {
		if !typ.NoAWS && !slices.Contains(all, setup.Of(typ)) {
			t.Errorf("sinks/builtin/setup lacks %s", typ)
		}
	}
}

var typeRow = regexp.MustCompile("(?m)^\\| `([a-z0-9]+)` \\|")

// The tables of the README list the types.
func TestReadmeListsTypes(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(data), "| type | destination | one delivery |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var rows, types []string
	for _, m := range typeRow.FindAllStringSubmatch(table, -1) {
		rows = append(rows, m[1])
	}
	line, _, _ := strings.Cut(string(data[strings.Index(string(data), "\n| `type` |")+1:]), "\n")
	for _, typ := range builtin.Types() {
		types = append(types, typ.Name)
		for _, name := range append([]string{typ.Name}, typ.Aliases...) {
			if !strings.Contains(line, "`"+name+"`") {
				t.Errorf("the attribute type in README.md lacks %s: %s", name, line)
			}
		}
	}
	traits := map[string]func(*sinks.Type) bool{
		"collapse":  func(typ *sinks.Type) bool { return typ.Collapse || typ.Concat },
		"compress":  func(typ *sinks.Type) bool { return typ.Compress },
		"aggregate": func(typ *sinks.Type) bool { return typ.Aggregate },
		"ttl":       func(typ *sinks.Type) bool { return typ.Cache },
		"secret":    func(typ *sinks.Type) bool { return typ.TakesSecret() },
		"headers":   func(typ *sinks.Type) bool { return typ.HTTP },
		"auth":      func(typ *sinks.Type) bool { return typ.HTTP },
		"rateLimit": func(typ *sinks.Type) bool { return typ.HTTP },
	}
	for attribute, has := range traits {
		_, row, _ := strings.Cut(string(data), "\n| `"+attribute+"` |")
		row, _, _ = strings.Cut(row, "\n")
		for _, typ := range builtin.Types() {
			if has(typ) != regexp.MustCompile(`\b`+typ.Name+`\b`).MatchString(row) {
				t.Errorf("the attribute %s in README.md is wrong about %s: %s", attribute, typ, row)
			}
		}
	}
	slices.Sort(rows)
	slices.Sort(types)
	if !found || !slices.Equal(rows, types) {
		t.Errorf("README.md describes the destinations of %q; the types are %q", rows, types)
	}
}
