package ui

import (
	"bytes"
	"testing"

	"go.yaml.in/yaml/v3"
)

// FuzzYAML: what is printed in YAML is read again as it was.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{"", "a", "\ta", "\ta\nb", " a\nb", "\n", "\n\ta", "a\n", "a\n\n", "a\n\tb", "a\r\nb", "|", "#a\nb", "- a\n- b", "no", "0x1", "\u2028a\nb", "\u0085", "a: b\n", "\t", "\ufeffa\nb", "a\n \nb", "---\na", "...\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b bytes.Buffer
		in := map[string]any{"text": s, "list": []string{s}}
		if err := showYAML(&b, in); err != nil {
			t.Fatal(err)
		}
		var j bytes.Buffer
		if err := ShowJSON(&j, in); err != nil {
			t.Fatal(err)
		}
		var got, want struct {
			Text string   `json:"text" yaml:"text"`
			List []string `json:"list" yaml:"list"`
		}
		if err := yaml.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%q: %v:\n%s", s, err, b.String())
		}
		want.Text = string([]rune(s))
		if got.Text != want.Text || len(got.List) != 1 || got.List[0] != want.Text {
			t.Errorf("%q became %q, %q:\n%s", want.Text, got.Text, got.List, b.String())
		}
	})
}
