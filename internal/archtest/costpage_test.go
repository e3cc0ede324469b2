package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fanout/internal/tune"
	"fanout/sinks/builtin"
)

// TestCostPage asserts that docs/cost.md has what a million records of 1 KiB cost by target,
// with the prices of fanout tune and the limits of the sinks. -update writes it.
func TestCostPage(t *testing.T) {
	prices, err := tune.LoadPrices("")
	if err != nil {
		t.Fatal(err)
	}
	const record, million = 1 << 10, 1e6
	var table strings.Builder
	fmt.Fprintf(&table, "| target | records in a request | a million records | one record a request |\n|---|---|---|---|\n")
	for _, typ := range builtin.Types() {
		_, spec := example(t, typ)
		own := *spec
		own.Aggregate, own.BatchRecords, own.BatchBytes = false, 0, 0
		sink, err := typ.Open(nowhere{}, &own)
		if err != nil {
			t.Fatal(err)
		}
		l := sink.Limits()
		if c, ok := sink.(interface{ Close() error }); ok {
			defer c.Close()
		}
		n := 1000 // of a batch, where the service takes any number
		if l.Records > 0 {
			n = min(n, l.Records)
		}
		if l.Bytes > 0 {
			n = min(n, l.Bytes/(record+record/2)) // the request's own text comes on top
		}
		for _, name := range []string{typ.Name, typ.Name + ".fifo"} {
			if p, ok := prices.Targets[name]; !ok || len(p.Charges) == 0 {
				continue
			}
			full, _ := prices.Of(name, &tune.Request{Bytes: n * record, Sizes: slices.Repeat([]int{record}, n)})
			single, _ := prices.Of(name, &tune.Request{Bytes: record, Sizes: []int{record}})
			fmt.Fprintf(&table, "| `%s` | %d | $%.3f | $%.3f |\n", name, n, full*million/float64(n), single*million)
		}
	}
	path := filepath.Join("..", "..", "docs", "cost.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table -->\n", "<!-- end -->\n"
	before, rest, _ := strings.Cut(string(page), begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no place for the table", path)
	}
	checkPage(t, path, before+begin+"\n"+table.String()+"\n"+end+after)
}
