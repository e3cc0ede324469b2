package ui

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
)

func TestTextFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pattern.json")
	if err := os.WriteFile(file, []byte("\n{\"a\": [1]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct{ given, want, unreadable string }{
		{`{"a": [1]}`, `{"a": [1]}`, ""},
		{"@" + file, `{"a": [1]}`, ""},
		{"", "", ""},
		{"@" + missing, "", "the file " + missing + " cannot be read: no such file or directory"},
		{"@", "", "the file  cannot be read: no such file or directory"},
	} {
		var value string
		s := pflag.NewFlagSet("", pflag.ContinueOnError)
		TextFlag(s, &value, "filter", "")
		err := s.Parse([]string{"--filter", c.given})
		if value != c.want || Unreadable(err) != c.unreadable || (err == nil) != (c.unreadable == "") {
			t.Errorf("%q: %q, %v", c.given, value, err)
		}
	}
}
