package registry

import (
	"testing"

	"fanout/lambda/target"
)

func TestAfter(t *testing.T) {
	str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
	entry := func(id string) Entry {
		return Entry{target.Read(target.Values{"sourceArn": str(stream), "id": str(id), "type": str("kinesis"), "destination": str("d"), "role": str("r")}, id)}
	}
	have := []Entry{entry("a"), entry("b"), entry("c")}
	got := After(have, []Change{
		{Source: stream, ID: "a", Kind: Remove},
		{Source: stream, ID: "none", Kind: Remove},
		{Source: stream, ID: "b", Kind: Update, Set: target.Values{"destination": str("e")}, Unset: []string{"role"}},
		{Source: stream, ID: "c", Kind: Replace, Set: target.Values{"sourceArn": str(stream), "id": str("c"), "type": str("file"), "destination": str("-")}},
		{Source: stream, ID: "d", Kind: Create, Set: entry("d").Attributes},
	})
	var all string
	for _, e := range got {
		all += e.Text("id") + " " + e.Text("type") + " " + e.Text("destination") + " " + e.Text("role") + "\n"
	}
	if want := "b kinesis e \nc file - \nd kinesis d r\n"; all != want {
		t.Errorf("got %s, want %s", all, want)
	}
	if len(have) != 3 || have[1].Text("role") != "r" {
		t.Error("what there was is changed")
	}
}
