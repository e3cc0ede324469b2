package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Terraform's own formatter leaves the output unchanged, its parser accepts it, and no
// name appears twice.
func TestHCL(t *testing.T) {
	for name, s := range map[string]Setup{"small": small(), "full": full(), "watched": watched()} {
		out := []byte(render(t, Terraform, s))
		if diff := cmp.Diff(string(hclwrite.Format(out)), string(out)); diff != "" {
			t.Errorf("%s: terraform fmt would change it (-want +got):\n%s", name, diff)
		}
		file, faults := hclsyntax.ParseConfig(out, name+".tf", hcl.InitialPos)
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		seen := make(map[string]bool)
		for _, b := range file.Body.(*hclsyntax.Body).Blocks { //nolint:forcetypeassert // ParseConfig guarantees it
			key := b.Type
			for _, l := range b.Labels {
				key += " " + l
			}
			if seen[key] {
				t.Errorf("%s: %s is there twice", name, key)
			}
			seen[key] = true
		}
	}
}

// A string reads back as it was written, except for HCL's normalization.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", `"q" \ `, "${x} $${x} %{y} $ % $$", "a\nb\t\x00\x7f", "ü€𝄞"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = string([]rune(s)) // HCL is UTF-8
		e, faults := hclsyntax.ParseExpression([]byte(str(s)), "", hcl.InitialPos)
		if faults.HasErrors() {
			t.Fatalf("%q: %v", str(s), faults)
		}
		v, faults := e.Value(nil)
		if faults.HasErrors() {
			t.Fatalf("%q: %v", str(s), faults)
		}
		if got := v.AsString(); got != cty.StringVal(s).AsString() {
			t.Fatalf("%q reads as %q", s, got)
		}
	})
}
