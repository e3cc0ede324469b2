package pagetest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		got, want string
		matches   bool
	}{
		{"a\n", "a\n", true},
		{"a\n", "b\n", false},
		{"a\nb\n", "a\n", false},
		{"a\nb\nc\n", "a\n…\nc\n", true},
		{"a\nc\n", "a\n…\nc\n", true},
		{"took 0.012s\n", "took 1.000s\n", true},
		{"at 2026-11-22T08:26:40.001Z\n", "at 2027-01-01T00:00:00Z\n", true},
		{"id 17, done\n", "id …, done\n", true},
		{"id 17, failed\n", "id …, done\n", false},
	} {
		if Matches(tt.got, tt.want) != tt.matches {
			t.Errorf("Matches(%q, %q) is not %t", tt.got, tt.want, tt.matches)
		}
	}
}

func TestBlocks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	text := "# A\n```sh\nno\n```\n## B\n<!-- then -->\n```sh\necho x\n```\n```text\nx\n```\n```yaml\n```\n```sh\necho y\n```\n## C\n```sh\nno\n```\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := Blocks(t, page, "## B", "## C")
	want := []Block{{Line: 8, Script: "echo x\n", Want: "x\n", Mark: "then"}, {Line: 16, Script: "echo y\n"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, b := range got {
		b.Run(t, t.TempDir(), os.Environ())
	}
}
