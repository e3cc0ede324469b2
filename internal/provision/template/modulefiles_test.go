package template

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// blocksOf returns the blocks of a configuration.
func blocksOf(t *testing.T, name string, text []byte) []*hclsyntax.Block {
	t.Helper()
	file, faults := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	return file.Body.(*hclsyntax.Body).Blocks //nolint:forcetypeassert // ParseConfig guarantees it
}

// moduleFile returns a file of the module.
func moduleFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(modules, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// textOf returns the source of an expression.
func textOf(source []byte, e hclsyntax.Expression) string {
	return string(e.Range().SliceBytes(source))
}

// collect adds the arguments of a block: names with the source of constants, and nested
// blocks below their names. Dynamic blocks count as what they make.
func collect(into map[string]string, at string, source []byte, body *hclsyntax.Body) {
	for name, a := range body.Attributes {
		into[at+name] = ""
		if v, faults := a.Expr.Value(nil); !faults.HasErrors() && v.IsWhollyKnown() {
			into[at+name] = textOf(source, a.Expr)
		}
	}
	for _, b := range body.Blocks {
		name, inner := b.Type, b.Body
		if name == "dynamic" {
			name, inner = b.Labels[0], b.Body.Blocks[0].Body
		}
		if name == "attribute" { // of a table: two, which differ
			continue
		}
		into[at+name] = ""
		collect(into, at+name+".", source, inner)
	}
}

// resourcesOf returns the arguments of each type of resource.
func resourcesOf(t *testing.T, name string, source []byte) map[string]map[string]string {
	t.Helper()
	all := make(map[string]map[string]string)
	for _, b := range blocksOf(t, name, source) {
		if b.Type != "resource" || b.Labels[1] == "ledger" {
			continue
		}
		if all[b.Labels[0]] == nil {
			all[b.Labels[0]] = make(map[string]string)
		}
		collect(all[b.Labels[0]], "", source, b.Body)
	}
	return all
}

// constants are arguments that are the same for every function.
var constants = []string{
	"runtime", "handler", "tracing_config.mode", "logging_config.log_format", "billing_mode", "hash_key", "range_key", "point_in_time_recovery.enabled",
	"server_side_encryption.enabled", "function_response_types", "action", "principal", "protocol", "comparison_operator",
	"treat_missing_data", "metric_query.id", "metric_query.period", "metric_query.return_data",
}

// The module has the resources and the arguments of fanout template, with the same constants.
func TestModuleResources(t *testing.T) {
	module := resourcesOf(t, "main.tf", moduleFile(t, "main.tf"))
	seen := map[string]bool{"aws_sqs_queue": true} // the template takes a queue as it is
	queued := small()
	queued.Mappings = []Mapping{{Source: "arn:aws:sqs:eu-west-1:123456789012:jobs", BatchSize: 100, Window: 5, MaximumConcurrency: 2, Filters: []string{`{"body":["x"]}`}}}
	for name, s := range map[string]Setup{"full": full(), "watched": watched(), "queued": queued} {
		for kind, arguments := range resourcesOf(t, name, []byte(render(t, Terraform, s))) {
			seen[kind] = true
			if kind == "aws_cloudwatch_dashboard" {
				continue // fanout template --dashboard alone
			}
			for _, argument := range slices.Sorted(maps.Keys(arguments)) {
				is, there := module[kind][argument]
				switch {
				case !there && argument != "path": // deploy's role has none
					t.Errorf("%s has no %s, which fanout template writes", kind, argument)
				case slices.Contains(constants, argument) && is != arguments[argument]:
					t.Errorf("%s: %s is %s, and fanout template writes %s", kind, argument, is, arguments[argument])
				}
			}
		}
	}
	for kind := range module {
		if !seen[kind] {
			t.Errorf("fanout template writes no %s", kind)
		}
	}
}

// terraform fmt changes nothing in the module.
func TestModuleFormat(t *testing.T) {
	for _, pattern := range []string{"*.tf", "*/*/*.tf"} {
		files, err := filepath.Glob(filepath.Join(modules, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(hclwrite.Format(text)), string(text)); diff != "" {
				t.Errorf("%s: terraform fmt would change it (-want +got):\n%s", file, diff)
			}
		}
	}
}

// The page of the module lists its inputs and outputs.
func TestModulePage(t *testing.T) {
	page := string(moduleFile(t, "README.md"))
	inputs, outputs := "| input | meaning | default |\n|---|---|---|\n", "| output | meaning |\n|---|---|\n"
	variables := moduleFile(t, "variables.tf")
	for _, b := range blocksOf(t, "variables.tf", variables) {
		value := "required"
		if a := b.Body.Attributes["default"]; a != nil {
			value = "`" + textOf(variables, a.Expr) + "`"
		}
		inputs += fmt.Sprintf("| `%s` | %s | %s |\n", b.Labels[0], described(t, b), value)
	}
	for _, b := range blocksOf(t, "outputs.tf", moduleFile(t, "outputs.tf")) {
		outputs += fmt.Sprintf("| `%s` | %s |\n", b.Labels[0], described(t, b))
	}
	want := page
	for name, table := range map[string]string{"inputs": inputs, "outputs": outputs} {
		between := regexp.MustCompile(`(?s)<!-- ` + name + ` -->.*?<!-- end -->`)
		want = between.ReplaceAllLiteralString(want, "<!-- "+name+" -->\n"+table+"<!-- end -->")
	}
	if *update {
		if err := os.WriteFile(filepath.Join(modules, "README.md"), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("the page is not what -update writes (-want +got):\n%s", diff)
	}
}

// described returns the description of a variable or output.
func described(t *testing.T, b *hclsyntax.Block) string {
	t.Helper()
	a := b.Body.Attributes["description"]
	if a == nil {
		t.Fatalf("%s has no description", b.Labels[0])
	}
	v, faults := a.Expr.Value(nil)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	return strings.ReplaceAll(v.AsString(), "|", "\\|")
}
