package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Bounds on code that is read in one piece, outside tests.
const (
	maxFunction = 60  // lines
	maxFile     = 400 // lines
	maxPackage  = 25  // files
)

func TestSizes(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	files := make(map[string]int) // by folder
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && len(path) > 1 && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files[filepath.Dir(path)]++
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		checkFile(t, path, data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d folders were looked at", len(files))
	}
	for folder, n := range files {
		if n > maxPackage {
			t.Errorf("%s has %d files; more than %d are hard to find one's way in", folder, n, maxPackage)
		}
	}
}

func checkFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if n := strings.Count(string(data), "\n"); n > maxFile {
		t.Errorf("%s has %d lines; the bound is %d", path, n, maxFile)
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, data, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1; n > maxFunction {
			t.Errorf("%s: %s has %d lines; the bound is %d", path, fn.Name.Name, n, maxFunction)
		}
	}
}
