package lines

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for name, c := range map[string]struct {
		in        io.Reader
		want, err string
	}{
		"no line":        {strings.NewReader(""), "", ""},
		"ends":           {strings.NewReader("a\r\n\nb\n"), "1 a,3 b", ""},
		"no last ending": {strings.NewReader("a\n\n\nb"), "1 a,4 b", ""},
		"byte order":     {strings.NewReader("\ufeffa\n\ufeffb\n"), "1 a,2 \ufeffb", ""},
		"too long":       {strings.NewReader("a\n" + long + "\nb"), "1 a", "standard input:2: the line has more than 10 MiB, so it is no record"},
		"unreadable":     {io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(errors.New("no disk"))), "1 a", "standard input cannot be read: no disk"},
	} {
		in, err := Open(c.in, "-")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for number, line := range in.Lines() {
			got = append(got, fmt.Sprint(number, " ", line))
		}
		text := ""
		if err := in.Err(); err != nil {
			text = err.Error()
		}
		if strings.Join(got, ",") != c.want || text != c.err {
			t.Errorf("%s: %v, %s", name, got, text)
		}
		in.Close()
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none")
	if _, err := Open(nil, missing); err == nil || err.Error() != "the file "+missing+" cannot be read: no such file or directory" {
		t.Error(err)
	}
	in, err := Open(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for range in.Lines() {
		t.Error("a folder has lines")
	}
	if err := in.Err(); err == nil || err.Error() != dir+" cannot be read: is a directory" {
		t.Error(err)
	}
	path := filepath.Join(dir, "lines")
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Open(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for number, line := range file.Lines() {
		if err := file.At(number, errors.New("bad "+line)); err.Error() != path+":1: bad a" {
			t.Error(err)
		}
		break
	}
}

// Lines of several files are numbered through, and named by their file.
func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for name, text := range map[string]string{"1": "\ufeffa\n\nb\n", "2": "", "3": "\ufeffc\nd"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Join(dir, name))
	}
	slices.Sort(names)
	in, err := Open(nil, names...)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var got []string
	for number, line := range in.Lines() {
		got = append(got, fmt.Sprint(number, line, strings.TrimPrefix(in.Where(number), dir+string(filepath.Separator))))
	}
	if want := "1a1:1 3b1:3 4c3:1 5d3:2"; strings.Join(got, " ") != want || in.Err() != nil {
		t.Errorf("%v, %v", got, in.Err())
	}
	if got := in.Where(3); got != names[0]+":3" {
		t.Error(got)
	}
	if _, err := Open(nil, names[0], filepath.Join(dir, "none")); err == nil {
		t.Error("a file that is not there")
	}
}
