package es

import (
	"strings"
	"testing"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// Each record goes to the index that its places make. A record without one fails alone.
func TestPlaces(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	e := openES(t, cfg, func(i *Index) { i.Index = `logs-${.type}-${$source | split(":")[-1]}` }, sinks.Source("arn:aws:kinesis:eu-west-1:123456789012:clicks"))
	batch := sinktest.Numbered(7)
	for i, data := range []string{`{"type":"a"}`, `{"type":"b"}`, `{"type":null}`, `{}`, `{"type":"x/_doc"}`, `{"type":"a","n":2}`, `not JSON`} {
		batch[i].Data = engine.Bytes([]byte(data))
	}
	o := e.Send(t.Context(), batch)
	for i, says := range []string{"", "", "no value for the place ${.type}", "no value for the place ${.type}", "make no name of an index", "", "not a JSON object"} {
		err := o.Err(i)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || engine.ClassOf(err) != engine.Permanent) {
			t.Errorf("record %d: %v; want %q", i, err, says)
		}
	}
	if a, b := len(fake.Records("es/logs-a-clicks")), len(fake.Records("es/logs-b-clicks")); a != 2 || b != 1 {
		t.Errorf("%d and %d documents; want 2 and 1", a, b)
	}
	// The size that the engine counts is that of the request.
	r := batch[0]
	b := e.bulk(t.Context(), []engine.Record{r})
	defer b.body.Free()
	if n := int(b.body.Content().Len()); e.Sizer()(&r) != n {
		t.Errorf("counts %d bytes of %d", e.Sizer()(&r), n)
	}
}

func TestParsePlaces(t *testing.T) {
	for text, want := range map[string]string{
		"host#orders-${.type}":           "",
		`host#${.a | split("#")[0]}/x`:   "has neither a type nor date math",
		"host#_${.a}":                    "has neither a type nor date math",
		"host#<logs-${.a}-{now/d}>":      "has neither a type nor date math",
		"host#orders-${.type":            "has a fault in its index: line 1, column 8: the place has no end",
		"host#orders-${.type b}":         `column 16: unexpected token "b"`,
		"https://host/orders-${.type}":   "has a place outside of the index",
		"https://${.h}#orders":           "has a place outside of the index",
		"https://h:9200#orders-${.type}": "",
	} {
		d, err := Parse(text)
		if want == "" {
			if err != nil || d.Index != "orders-${.type}" || d.DocType != "" {
				t.Errorf("%s: index %q, %v", text, d.Index, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
}
