package lines

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"fanout/lambda/event"
)

// The decoder of the function takes what the maker makes, record by record.
func TestDecoded(t *testing.T) {
	for service, lines := range map[string][]string{
		"kinesis":  {`{"a":1}`, "text", "\x00\xff"},
		"dynamodb": {`{"id":"a","n":1.50,"l":[1,{"m":null}]}`},
		"sns":      {"a <b> & c", "two"},
	} {
		m := Maker{Source: Example(service), Region: "eu-west-1", Keys: []string{"id"}, Now: time.Unix(1763800000, 0)}
		for i, line := range lines {
			if err := m.Add(service, i+1, line); err != nil {
				t.Fatal(err)
			}
		}
		var b bytes.Buffer
		if err := m.Print(&b); err != nil {
			t.Fatal(err)
		}
		batches, err := new(event.Memory).Decode(b.Bytes())
		if err != nil || len(batches) != 1 || batches[0].SourceARN != Example(service) || len(batches[0].Records) != len(lines) {
			t.Fatalf("%s: %v, %+v in %s", service, err, batches, &b)
		}
		for i := range batches[0].Records {
			r := &batches[0].Records[i]
			if got := string(r.Data.Bytes()); service != "dynamodb" && got != lines[i] {
				t.Errorf("%s: %q became %q", service, lines[i], got)
			} else if service == "dynamodb" && !strings.Contains(got, `"n":{"N":"1.50"}`) {
				t.Errorf("%s: %q became %q", service, lines[i], got)
			}
			if r.Seq == "" || r.Arrived != 1763800000000 {
				t.Errorf("%s: %+v", service, r)
			}
		}
	}
}
