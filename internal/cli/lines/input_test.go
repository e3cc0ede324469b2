package lines

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
		"too long":       {strings.NewReader("a\n" + long + "\nb"), "1 a", "standard input:2: the line has more than 10 MiB, so it is no record"},
		"unreadable":     {io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(errors.New("no disk"))), "1 a", "standard input cannot be read: no disk"},
	} {
		in, err := Open("-", c.in)
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
	if _, err := Open(missing, nil); err == nil || err.Error() != "the file "+missing+" cannot be read: no such file or directory" {
		t.Error(err)
	}
	in, err := Open(dir, nil)
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
	file, err := Open(path, nil)
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
