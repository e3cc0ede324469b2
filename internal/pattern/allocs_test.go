package pattern_test

import (
	"strings"
	"testing"

	"fanout/internal/testing/race"
)

func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget what they hold")
	}
	rec := records(1)[0]
	for _, text := range []string{
		`{"data":{"type":["order.placed"]}}`,
		`{"data":{"order":{"total":[{"numeric":[">=",500]}]}}}`,
		`{"data":{"order":{"lines":{"sku":[{"prefix":"SKU-1"}],"quantity":[{"numeric":[">",3]}]}}}}`,
		`{"data":{"customer":{"email":[{"wildcard":"*@*.com"}],"name":[{"equals-ignore-case":"ADA LOVELACE"}]}}}`,
		`{"data":{"id":[{"cidr":"10.0.0.0/8"}],"gone":[{"exists":false}]}}`,
		`{"partitionKey":[{"anything-but":["x","y"]}],"data":{"source":[{"anything-but":{"suffix":"x"}}]}}`,
		`{"$or":[{"data":{"type":["a"]}},{"data":{"version":[1234567890123456789]}}]}`,
	} {
		p := compile(t, text)
		k := &kinesis{data: rec, key: []byte("key")}
		if n := testing.AllocsPerRun(100, func() { p.Match(k) }); n != 0 {
			t.Errorf("%s: %v allocations a match", text, n)
		}
	}
	escaped := []byte(`{"n\u0061me":"` + strings.Repeat(`\u00e9`, 100) + `","number":0.30000000000000004,"ip":"2001:0db8:0000:0000:0000:0000:0000:0001"}`)
	p := compile(t, `{"name":[{"suffix":"é"}],"number":[0.30000000000000004],"ip":["2001:db8::1"]}`)
	if n := testing.AllocsPerRun(100, func() {
		if !p.MatchJSON(escaped) {
			t.Error("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations a match", n)
	}
}
