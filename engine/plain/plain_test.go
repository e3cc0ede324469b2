package plain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func ExampleLine() {
	fmt.Println(Line("orders\x1b[2J\a\n\u202egnp.exe, größer, 注文 🚀"))
	// Output: orders\u001b[2J\u0007\n\u202egnp.exe, größer, 注文 🚀
}

func TestEscapes(t *testing.T) {
	for in, want := range map[string][2]string{ // as a line, and as text
		"":                     {"", ""},
		"plain \\ \"text\"":    {"plain \\ \"text\"", "plain \\ \"text\""},
		"a\n\tb\r":             {`a\n\tb\r`, "a\n\tb\\r"},
		"\x1b]0;title\x07":     {`\u001b]0;title\u0007`, `\u001b]0;title\u0007`},
		"\x00\x7f":             {`\u0000\u007f`, `\u0000\u007f`},
		"\u009b31m":            {`\u009b31m`, `\u009b31m`}, // CSI in one character
		"\u2066a\u2069\u200fb": {`\u2066a\u2069\u200fb`, `\u2066a\u2069\u200fb`},
		"\ufeff\u00ad\u2028":   {`\ufeff\u00ad\u2028`, `\ufeff\u00ad\u2028`},
		"\xff\x9b":             {"\ufffd\ufffd", "\ufffd\ufffd"},
	} {
		if got := Line(in); got != want[0] {
			t.Errorf("Line(%q) is %q, want %q", in, got, want[0])
		}
		if got := Text(in); got != want[1] {
			t.Errorf("Text(%q) is %q, want %q", in, got, want[1])
		}
	}
}

func TestWriterKeepsJSON(t *testing.T) {
	in := map[string]string{"k\u202e": "a\u009b\x7f\x1b\n🚀\u200d"}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := (Writer{&b}).Write(text); n != len(text) || err != nil {
		t.Fatal(n, err)
	}
	var out map[string]string
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || len(out) != 1 || out["k\u202e"] != in["k\u202e"] {
		t.Errorf("%s became %s, %v", text, &b, err)
	}
	if strings.ContainsFunc(b.String(), unicode.IsControl) {
		t.Errorf("%q has a control character", b.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestWriterFails(t *testing.T) {
	if n, err := (Writer{full{}}).Write([]byte("text")); n != 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[31m\n\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Line(s), Text(s)} {
			if !utf8.ValidString(got) || strings.ContainsFunc(strings.NewReplacer("\n", "", "\t", "").Replace(got), unicode.IsControl) {
				t.Errorf("%q became %q", s, got)
			}
		}
		if line := Line(s); Line(line) != line || strings.ContainsAny(line, "\n\t") {
			t.Errorf("%q became %q", s, line)
		}
	})
}

func BenchmarkText(b *testing.B) {
	line := strings.Repeat(`{"level":"info","target":"orders"}`, 10)
	b.ReportAllocs()
	for b.Loop() {
		Text(line)
	}
}
