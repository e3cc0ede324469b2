package registry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/lambda"
	"fanout/lambda/target"
)

func TestAfter(t *testing.T) {
	str := func(s string) target.Value { return target.Value{Kind: target.String, Text: s} }
	entry := func(id string) Entry {
		return Entry{lambda.Builtin().Read(target.Values{"sourceArn": str(stream), "id": str(id), "type": str("kinesis"), "destination": str("d"), "role": str("r")}, id)}
	}
	have := []Entry{entry("a"), entry("b"), entry("c")}
	got := After(lambda.Builtin(), have, []Change{
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

// If a later hundred is refused, the error says how many changes were made.
func TestApplyHalfway(t *testing.T) {
	fake := &fakeTable{items: map[[2]string]map[string]types.AttributeValue{}}
	table := Table{Catalog: lambda.Builtin(), Client: fake, Name: "t"}
	changes := []Change{{Source: stream, ID: "there", Kind: Create}}
	if err := table.Apply(t.Context(), changes...); err != nil {
		t.Fatal(err)
	}
	var many []Change
	for i := range 150 {
		many = append(many, Change{Source: stream, ID: fmt.Sprint(i), Kind: Create})
	}
	err := table.Apply(t.Context(), append(many, changes...)...)
	if err == nil || !strings.HasPrefix(err.Error(), "100 of 151 changes are made; run apply again to make the others: ") || len(fake.items) != 101 {
		t.Errorf("%d items, %v", len(fake.items), err)
	}
}
