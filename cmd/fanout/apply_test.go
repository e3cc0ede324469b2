package main

import (
	"bytes"
	"strings"
	"testing"

	"fanout/cmd/fanout/internal/registry"
	"fanout/lambda/target"
)

// entryOf is a target of orders.
func entryOf(id, destination string) registry.Entry {
	return registry.Entry{Loaded: target.Read(target.Values{
		"sourceArn": str(orders), "id": str(id), "type": str("redis"), "destination": str(destination),
	}, id)}
}

// A password that changes is told of, and not shown.
func TestDiffOfPassword(t *testing.T) {
	have := []registry.Entry{entryOf("cache", "redis://u:hunter2@h")}
	want := []registry.Entry{entryOf("cache", "redis://u:hunter3@h")}
	var out bytes.Buffer
	printDiff(&out, registry.Diff(want, have, false), want, have, false)
	if line := "    destination: redis://u:xxxxx@h → redis://u:xxxxx@h (password changed)\n"; !strings.HasSuffix(out.String(), line) {
		t.Errorf("got %q, want it to end in %q", out.String(), line)
	}
}
