package targets

import (
	"testing"

	"fanout/internal/provision/registry"
	"fanout/internal/testing/clitest"
	"fanout/lambda"
	"fanout/lambda/target"
)

func TestLinked(t *testing.T) {
	entry := func(id, onFailure string) registry.Entry {
		v := target.Values{"sourceArn": str(clitest.Orders), "id": str(id), "type": str("file"), "destination": str("-"), "onFailure": str(onFailure)}
		return registry.Entry{Loaded: lambda.Builtin().Read(v, id)}
	}
	have := []registry.Entry{entry("a", "dead"), entry("dead", ""), entry("old", "gone")}
	create := func(e registry.Entry) registry.Change {
		return registry.Change{Source: clitest.Orders, ID: e.ID, Kind: registry.Create, Set: e.Attributes}
	}
	remove := func(id string) registry.Change {
		return registry.Change{Source: clitest.Orders, ID: id, Kind: registry.Remove}
	}
	for _, tt := range []struct {
		name    string
		changes []registry.Change
		want    string
	}{
		{"dangling", []registry.Change{create(entry("b", "none"))}, "the target \"b\" of " + clitest.Orders + " has onFailure none, but the source would have no such target; add that target, or name another one"},
		{"both come", []registry.Change{create(entry("b", "c")), create(entry("c", ""))}, ""},
		{"both go", []registry.Change{remove("a"), remove("dead")}, ""},
		{"one goes", []registry.Change{remove("dead")}, "the target \"a\" of " + clitest.Orders + " has onFailure dead, but the source would have no such target; add that target, or name another one"},
		{"what was wrong before", []registry.Change{create(entry("b", "a"))}, ""},
	} {
		got := ""
		if err := checkLinks(lambda.Builtin(), have, tt.changes); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
