package cases

import (
	"strings"
	"testing"

	"fanout/engine"
	"fanout/lambda"
)

func TestParseWantFaults(t *testing.T) {
	for text, want := range map[string]string{
		"a: {records: [{key: k, data: d}]}\n": "",
		"":                                    "",
		"a:\n":                                "",
		"a: {filtered: 1}\n---\nb: {}\n":      "has a second document, which would not be read; write all targets in one",
		"a: {got: 1}":                         `does not have the form that --update writes: there is no field "got"`,
		"a: {records: x}":                     "does not have the form that --update writes: records is text, and must be a list",
		"a: {records: [1]}":                   "does not have the form that --update writes: records is a number, and must be a mapping",
		"a: {filtered: 1.5}":                  "does not have the form that --update writes: filtered is a number, and must be a whole number",
		"a: {records: [{data: 1}]}":           "does not have the form that --update writes: records.data is a number, and must be text",
		"a: {records: [{data64: '%'}]}":       "does not have the form that --update writes: data64 is not base64",
		"[]":                                  "does not have the form that --update writes: it is a list, and must be a mapping",
		"a: [":                                "is not YAML: line 1: did not find expected node content",
		"a: {}\na: {}":                        "is not YAML: line 2: mapping key \"a\" already defined at line 1",
		"{1: {2: 3}, [a]: b}":                 "has a value that is not of JSON",
	} {
		_, err := parseWant([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

// What --update writes is read as it was.
func TestRenderedTextIsRead(t *testing.T) {
	text := "\ta\nb"
	all := map[string]*received{"a": {Records: []delivery{{Key: "\tk", Data: &text}}}}
	yaml, err := render(all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseWant([]byte(header + yaml))
	if err != nil || *got["a"].Records[0].Data != text || got["a"].Records[0].Key != "\tk" {
		t.Errorf("%+v, %v of:\n%s", got, err, yaml)
	}
}

// Sources of one name do not share an entry.
func TestNamesOfTargets(t *testing.T) {
	const stream, table = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/1"
	other := strings.Replace(stream, "eu-west-1", "us-east-1", 1)
	results := func(sources ...string) (all []lambda.Result) {
		for _, s := range sources {
			all = append(all, lambda.Result{SourceARN: s, Report: &engine.Report{Targets: []engine.TargetReport{{ID: "a"}}}})
		}
		return all
	}
	for _, tt := range []struct {
		sources, want []string
	}{
		{[]string{stream}, []string{"a"}},
		{[]string{stream, table}, []string{"kinesis:orders/a", "dynamodb:orders/a"}},
		{[]string{stream, other, table}, []string{stream + "/a", other + "/a", "dynamodb:orders/a"}},
	} {
		got := new(recorder).collect(results(tt.sources...))
		if len(got) != len(tt.want) {
			t.Errorf("%v: %v", tt.sources, got)
		}
		for _, name := range tt.want {
			if got[name] == nil {
				t.Errorf("%v: %s is missing", tt.sources, name)
			}
		}
	}
}
