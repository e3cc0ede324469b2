package targets

import (
	"bytes"
	"strings"
	"testing"

	"fanout/internal/cli/ui"
	"fanout/internal/provision/registry"
	"fanout/lambda"
	"fanout/lambda/target"
)

// An attribute with any name is reported on one line.
func TestAttributesAreOneLine(t *testing.T) {
	l := lambda.Builtin().Read(target.Values{"b\nfanout: all is well": {Kind: target.String, Text: "1"}}, "a")
	var w bytes.Buffer
	if err := warn(ui.NewScreen(&w), &registry.Entry{Loaded: l}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.String(), "unknown attribute") || strings.Contains(w.String(), "\nfanout: all is well") {
		t.Errorf("%s", w.String())
	}
}
