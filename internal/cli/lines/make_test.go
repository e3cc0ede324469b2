package lines

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/lambda/event"
	"fanout/stages"
)

// The decoder of the function takes what the maker makes, record by record.
func TestDecoded(t *testing.T) {
	for service, lines := range map[string][]string{
		"kinesis":  {`{"a":1}`, "text", "\x00\xff"},
		"dynamodb": {`{"id":"a","n":1.50,"l":[1,{"m":null}]}`},
		"sns":      {"a <b> & c", "two"},
		"sqs":      {"a <b> & c", "two"},
	} {
		m := Maker{Source: Example(service), Service: service, Region: "eu-west-1", Keys: []string{"id"}, Now: time.Unix(1763800000, 0)}
		for i, line := range lines {
			if err := m.Add(t.Context(), i+1, line); err != nil {
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

// The stage deaggregate takes aggregates apart into the lines.
func TestAggregates(t *testing.T) {
	m := Maker{Source: Example("kinesis"), Service: "kinesis", Region: "eu-west-1", Aggregate: true, Now: time.Unix(1763800000, 0)}
	var lines []string
	for i := range 400 {
		lines = append(lines, strings.Repeat("x", i))
		if err := m.Add(t.Context(), i+1, lines[i]); err != nil {
			t.Fatal(err)
		}
	}
	if m.Empty() {
		t.Error("an aggregate in work does not count")
	}
	data, _, err := m.Event()
	if err != nil {
		t.Fatal(err)
	}
	if !m.Empty() || m.Size() != 0 {
		t.Error("the maker still holds lines")
	}
	batches, err := new(event.Memory).Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(batches[0].Records); n != 2 {
		t.Errorf("%d records; 400 lines with 80 KB make 2", n)
	}
	var got, keys []string
	sink := new(enginetest.Sink)
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: sink, Ordered: true, Stages: []engine.Stage{stages.Deaggregate{}}})
	if err != nil {
		t.Fatal(err)
	}
	plan.Run(context.Background(), batches[0].Records)
	for _, r := range sink.Accepted() {
		got, keys = append(got, string(r.Data.Bytes())), append(keys, r.Key)
	}
	if !slices.Equal(got, lines) {
		t.Errorf("the lines became %d others", len(got))
	}
	if keys[0] != "1" || keys[399] != "400" {
		t.Errorf("keys %v", keys)
	}
}

// Two runs give no two records the same number.
func TestRuns(t *testing.T) {
	for _, service := range []string{"kinesis", "dynamodb", "sns", "sqs"} {
		seen := make(map[string]bool)
		for _, run := range []uint64{0, 1763800000000000, 1763800000000001} {
			m := Maker{Source: Example(service), Service: service, Region: "eu-west-1", Keys: []string{"id"}, Now: time.Unix(1763800000, 0), Run: run}
			last := ""
			for number := 1; number < 12; number++ {
				if err := m.Add(t.Context(), number, `{"id":1}`); err != nil {
					t.Fatal(err)
				}
				data, _, err := m.Event()
				if err != nil {
					t.Fatal(err)
				}
				batches, err := new(event.Memory).Decode(data)
				if err != nil {
					t.Fatal(err)
				}
				seq := batches[0].Records[0].Seq
				if seen[seq] {
					t.Errorf("%s: two records have the number %s", service, seq)
				}
				seen[seq] = true
				if line, ok := Line(seq); !ok || line != number {
					t.Errorf("%s: %s is line %d", service, seq, line)
				}
				if service != "sns" && !event.Before(last, seq) && last != "" {
					t.Errorf("%s: %s is not after %s", service, seq, last)
				}
				last = seq
			}
		}
	}
}

// JSON holds text only, so bytes that are none would arrive as others.
func TestLinesThatAreNotText(t *testing.T) {
	for service, want := range map[string]bool{"kinesis": true, "dynamodb": false, "sns": false} {
		m := Maker{Source: Example(service), Service: service, Keys: []string{"id"}, Now: time.Unix(1763800000, 0)}
		err := m.Add(t.Context(), 1, "{\"id\":\"\xff\"}")
		if want && err != nil || !want && (err == nil || !strings.HasPrefix(err.Error(), "the line is not UTF-8, ")) {
			t.Errorf("%s: %v", service, err)
		}
	}
}
