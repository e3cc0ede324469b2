package targets

import (
	"bytes"
	"strings"
	"testing"

	"fanout/internal/cli/manage"
	"fanout/internal/provision/registry"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/lambda/target"
)

// entryOf is a target of orders.
func entryOf(id, destination string) registry.Entry {
	return registry.Entry{Loaded: lambda.Builtin().Read(target.Values{
		"sourceArn": str(clitest.Orders), "id": str(id), "type": str("redis"), "destination": str(destination),
	}, id)}
}

// No text of a target controls the terminal.
func TestUnprintable(t *testing.T) {
	e := entryOf("a\n\x1b[31mb", "h\x1b")
	for name, write := range map[string]func(w *bytes.Buffer) error{
		"list": func(w *bytes.Buffer) error {
			return showTargets(w, &bytes.Buffer{}, "table", manage.SourceTargets{Targets: []registry.Entry{e}})
		},
		"apply": func(w *bytes.Buffer) error {
			printChanges(w, registry.Diff([]registry.Entry{e}, nil, false), nil)
			return nil
		},
	} {
		var w bytes.Buffer
		if err := write(&w); err != nil || !strings.Contains(w.String(), `"a\n\x1b[31mb"`) || strings.Contains(w.String(), "\x1b") {
			t.Errorf("%s: %v, %q", name, err, w.String())
		}
	}
}

func TestFaultsNameFlags(t *testing.T) {
	v := entryOf("a", "h").Attributes
	v["role"], v["externalId"], v["active"] = str("arn:aws:iam::123456789012:role/r"), str("x"), target.Value{Kind: target.Bool, Text: "true"}
	_, err := valid(lambda.Builtin(), &bytes.Buffer{}, v, nil)
	if want := `target "a": --external-id: `; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A changed password is reported, but not shown.
func TestDiffOfPassword(t *testing.T) {
	have := []registry.Entry{entryOf("cache", "redis://u:hunter2@h")}
	want := []registry.Entry{entryOf("cache", "redis://u:hunter3@h")}
	var out bytes.Buffer
	printChanges(&out, registry.Diff(want, have, false), have)
	if line := "    destination: redis://u:xxxxx@h → redis://u:xxxxx@h (password changed)\n"; !strings.HasSuffix(out.String(), line) {
		t.Errorf("got %q, want it to end in %q", out.String(), line)
	}
}

// An attribute that is set to an empty text counts as unset, and is shown so.
func TestDiffOfEmptyText(t *testing.T) {
	have := []registry.Entry{entryOf("copy", "redis://h")}
	have[0].Attributes["epoch"] = target.Value{Kind: target.String, Text: "1"}
	change := registry.Change{Source: have[0].Text("sourceArn"), ID: "copy", Set: target.Values{"epoch": {Kind: target.String}}}
	var out bytes.Buffer
	printUpdate(&out, change, have)
	if got, want := out.String(), "    epoch: 1 → (unset)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
