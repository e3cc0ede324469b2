package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"go.yaml.in/yaml/v3"
)

// A dashboard is the same in all formats, and needs no alarms.
func TestDashboardEverywhere(t *testing.T) {
	for _, topic := range []string{"", watched().Alarms} {
		s := watched()
		s.Alarms = topic
		var want any
		for _, f := range []Format{SAM, CloudFormation} {
			var out struct {
				Resources map[string]struct {
					Properties struct {
						Body string `yaml:"DashboardBody"`
					} `yaml:"Properties"`
				} `yaml:"Resources"`
			}
			if err := yaml.Unmarshal([]byte(render(t, f, s)), &out); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(out.Resources["Dashboard"].Properties.Body), &want); err != nil { // JSON is YAML
				t.Fatal(err)
			}
			if _, found := out.Resources["AlarmLost"]; found != (topic != "") {
				t.Errorf("%s with the topic %q: alarms %v", f, topic, found)
			}
		}
		var got any
		if err := yaml.Unmarshal(terraformBody(t, render(t, Terraform, s)), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-cloudformation +terraform:\n%s", diff)
		}
	}
}

// terraformBody returns the argument of jsonencode in the dashboard of a configuration, as
// JSON.
func terraformBody(t *testing.T, configuration string) []byte {
	t.Helper()
	_, body, _ := strings.Cut(configuration, "dashboard_body = jsonencode(")
	body, _, found := strings.Cut(body, "\n  })\n")
	if !found {
		t.Fatalf("there is no dashboard:\n%s", configuration)
	}
	e, faults := hclsyntax.ParseExpression([]byte(body+"}"), "", hcl.InitialPos)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	v, faults := e.Value(nil)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	out, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return out
}
