package cases

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"fanout/internal/cli/ui"
)

// The files of a case.
const (
	eventFile = "event.json"
	wantFile  = "want.yaml"
)

var targetsFiles = []string{"targets.yaml", "targets.yml", "targets.json"}

// testCase is a folder with an event and what targets must get of it.
type testCase struct {
	name    string // path of the folder
	targets string // file; "": there is none
}

// find returns the cases below a folder, in the order of their names. targets is the file
// of their targets, or "" for the nearest file above each event.
func find(dir, targets string) ([]testCase, error) {
	var all []testCase
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != eventFile {
			return err
		}
		c := testCase{filepath.Dir(path), targets}
		if targets == "" {
			c.targets = nearest(c.name)
		}
		all = append(all, c)
		return nil
	})
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("the folder %s cannot be read: %w", pe.Path, pe.Err)
	}
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("there is no case below %s; a case is a folder with %s", dir, eventFile)
	}
	return all, err
}

// nearest returns the file of targets in a folder or in the nearest one above, up to the
// root of the repository.
func nearest(dir string) string {
	for {
		for _, name := range targetsFiles {
			if path := filepath.Join(dir, name); exists(path) {
				return path
			}
		}
		abs, err := filepath.Abs(dir)
		if err != nil || abs == filepath.Dir(abs) || exists(filepath.Join(dir, ".git")) {
			return ""
		}
		dir = filepath.Join(dir, "..")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// header begins a file that test writes.
const header = "# What each target gets of event.json. fanout test --update writes this file.\n"

// render returns records in YAML.
func render(all map[string]*received) (string, error) {
	var b bytes.Buffer
	err := ui.Show(&b, "yaml", all, nil)
	return b.String(), err
}

// write writes what targets got, unless the file means the same.
func (c *testCase) write(got map[string]*received) (bool, error) {
	if d, err := c.compare(got); err == nil && d == "" {
		return false, nil
	}
	text, err := render(got)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(filepath.Join(c.name, wantFile), []byte(header+text), 0o644) //nolint:gosec // a file of the repository
}

// compare returns the difference between what targets must get and what they got.
func (c *testCase) compare(got map[string]*received) (string, error) {
	path := filepath.Join(c.name, wantFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no %s; write it with fanout test --update, and read it", path)
	}
	if err != nil {
		return "", err
	}
	want, err := parseWant(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	before, err := render(want)
	if err != nil {
		return "", err
	}
	after, err := render(got)
	if err != nil {
		return "", err
	}
	return string(diff.Diff("want", []byte(before), "got", []byte(after))), nil
}

// indented returns a difference below the name of its case.
func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}
