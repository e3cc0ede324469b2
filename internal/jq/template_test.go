package jq

import (
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	r := &Record{Data: []byte(`{"type":"order","n":1.50,"null":null,"empty":"","at":"2026-11-30T01:02:03Z","list":[1]}`), Key: "k"}
	for _, c := range []struct{ text, want, says string }{
		{"", "", ""},
		{"constant", "constant", ""},
		{"orders-${.type}", "orders-order", ""},
		{"${.type}/${.n}/${$key}", "order/1.50/k", ""},
		{"$${.type} costs $5 {x}", "${.type} costs $5 {x}", ""},
		{`a-${{a: .type} | .a}-b`, "a-order-b", ""},
		{`${"}\(.type | "}" + .)"}`, "}}order", ""},
		{`logs-${.at[:10] | gsub("-"; ".")}`, "logs-2026.11.30", ""},
		{"${.list}", "[1]", ""},
		{"${.null}", "", "no value for the place ${.null}"},
		{"x${.missing}", "", "no value for the place ${.missing}"},
		{"x${empty}", "", "no value"},
		{"${.empty}", "", "no value"},
		{"${.type.x}", "", "the place ${.type.x}: the program failed on the record: expected an object but got string"},
		{"${def f: f; f}", "", "500,000 steps"},
	} {
		tmpl, err := ParseTemplate(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		got, err := tmpl.Append(t.Context(), nil, r)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v; want %q", c.text, err, c.says)
			}
			continue
		}
		if string(got) != c.want || err != nil {
			t.Errorf("%s is %q, %v; want %q", c.text, got, err, c.want)
		}
		if tmpl.HasPlace() != HasPlace(c.text) || tmpl.String() != c.text {
			t.Errorf("%s has a place: %v", c.text, tmpl.HasPlace())
		}
	}
}

func TestTemplateFaults(t *testing.T) {
	for text, want := range map[string]string{
		"a-${.b":            "line 1, column 3: the place has no end; write } behind its program, or $${ for the text ${",
		`${"}"`:             "line 1, column 1: the place has no end",
		"a-${}":             "line 1, column 5: the program is empty",
		"a\n${.b}-${.c d}":  `line 2, column 12: unexpected token "d"`,
		"${now}-${input}":   "line 1, column 3: now is the time",
		"a${$old.b}":        "line 1, column 4: a place has no $old",
		"a${$attributes.b}": "line 1, column 4: a place has no $attributes",
	} {
		_, err := ParseTemplate(text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	if _, err := ParseTemplate("${now}-${input}"); err == nil || !strings.Contains(err.Error(), "column 10: input reads") {
		t.Errorf("%v; want both faults", err)
	}
}

func TestTemplateMap(t *testing.T) {
	tmpl, err := ParseTemplate("a*${.x}-b")
	if err != nil {
		t.Fatal(err)
	}
	if got := tmpl.Map(strings.ToUpper, "*"); got != "A**-B" {
		t.Errorf("%q", got)
	}
}

// A template either has a fault, or gives text without its places.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"orders-${.type}", "${", "$${a}${.b}", `${"\("}")"}`, "${{}}", "}${.a}{"} {
		f.Add(text, `{"type":"x","a":"y"}`)
	}
	f.Fuzz(func(t *testing.T, text, data string) {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			return
		}
		got, err := tmpl.Append(t.Context(), nil, &Record{Data: []byte(data)})
		if !tmpl.HasPlace() && (err != nil || string(got) != strings.ReplaceAll(text, "$${", "${")) {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	})
}
