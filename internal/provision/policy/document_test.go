package policy

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// A policy that IAM returns equals the original.
func TestParse(t *testing.T) {
	p := partitions[1]
	d, err := full(p).Policy(everyTarget(t, p), everySource(p))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []Document{d, Trust(), RoleTrust("arn:aws:iam::123456789012:role/r", "x+y %", "z")} {
		for _, text := range []string{d.JSON(), url.PathEscape(d.JSON())} {
			got, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, got); diff != "" || !Equal(d, got) {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
	}
	one, err := Parse(`{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Allow","Action":"a:B","Resource":["*"]}}`)
	if err != nil || len(one.Statement) != 1 {
		t.Errorf("a statement without a list: %+v, %v", one, err)
	}
}

func TestParseFaults(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "cannot be read: it is empty"},
		{"%zz", "is not in the URL encoding of IAM"},
		{"[]", "the policy cannot be read"},
		{"{}", "statements cannot be read: it is empty"},
		{`{"Statement":[]} {}`, "there is text after its end"},
		{`{"Statement":[{"Effect":"Allow","NotAction":"a:B"}]}`, `unknown field "NotAction"`},
		{`{"Statement":[{"Effect":"Allow","Action":1}]}`, "statements cannot be read"},
		{`{"Statement":[{"Effect":"Allow","Principal":"*"}]}`, "statements cannot be read"},
	} {
		if _, err := Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Trust().JSON())
	f.Add(url.PathEscape(RoleTrust("r", "x").JSON()))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(d.JSON())
		if err != nil || !Equal(d, again) {
			t.Fatalf("%s reads as %s, and that as %s, %v", text, d.JSON(), again.JSON(), err)
		}
	})
}

func TestDiff(t *testing.T) {
	allow := func(s Statement) Document {
		s.Effect = "Allow"
		return Document{Version: version, Statement: []Statement{s}}
	}
	base := allow(Statement{Action: Strings{"a:B", "a:C"}, Resource: Strings{"x", "y"}})
	for name, same := range map[string]Document{
		"order": allow(Statement{Action: Strings{"a:C", "a:B"}, Resource: Strings{"y", "x", "y"}}),
		"sid":   allow(Statement{Sid: "S", Action: Strings{"a:B", "a:C"}, Resource: Strings{"x", "y"}}),
		"case":  allow(Statement{Action: Strings{"A:b", "a:c"}, Resource: Strings{"x", "y"}}),
		"apart": {Statement: []Statement{
			{Effect: "Allow", Action: Strings{"a:B", "a:C"}, Resource: Strings{"x"}},
			{Effect: "Allow", Action: Strings{"a:B", "a:C"}, Resource: Strings{"y"}},
		}},
	} {
		if !Equal(base, same) {
			t.Errorf("%s: %v", name, cmp.Diff(base, same))
		}
	}
	equals := func(values ...string) Document {
		return allow(Statement{Action: Strings{"a:B"}, Condition: map[string]Condition{"StringEquals": {"k": values}}})
	}
	if !Equal(equals("v", "w"), equals("w", "v")) {
		t.Error("conditions differ by their values' order")
	}
	for _, tt := range []struct {
		old, document  Document
		added, removed []string
	}{
		{base, allow(Statement{Action: Strings{"a:B", "a:C"}, Resource: Strings{"x"}}), nil, []string{"Allow a:B on y", "Allow a:C on y"}},
		{Document{}, equals("v"), []string{`Allow a:B if {"StringEquals":{"k":"v"}}`}, nil},
		{equals("v"), equals("w"), []string{`Allow a:B if {"StringEquals":{"k":"w"}}`}, []string{`Allow a:B if {"StringEquals":{"k":"v"}}`}},
		{Trust(), RoleTrust("r"), []string{"Allow AWS r: sts:AssumeRole"}, []string{"Allow Service lambda.amazonaws.com: sts:AssumeRole"}},
	} {
		added, removed := Diff(tt.old, tt.document)
		if diff := cmp.Diff([][]string{tt.added, tt.removed}, [][]string{added, removed}); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// YAML writes the same members as JSON.
func TestYAML(t *testing.T) {
	d := RoleTrust("arn:aws:iam::123456789012:role/r", "a", "b")
	text, err := yaml.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	statement := map[string]any{
		"Sid": "Fanout", "Effect": "Allow", "Action": "sts:AssumeRole",
		"Principal": map[string]any{"AWS": "arn:aws:iam::123456789012:role/r"},
		"Condition": map[string]any{"StringEquals": map[string]any{"sts:ExternalId": []any{"a", "b"}}},
	}
	if diff := cmp.Diff(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func ExampleDiff() {
	before := Document{Statement: []Statement{{Effect: "Allow", Action: Strings{"sqs:SendMessage"}, Resource: Strings{"arn:aws:sqs:eu-west-1:123456789012:a"}}}}
	after := Document{Statement: []Statement{{Effect: "Allow", Action: Strings{"sqs:SendMessage"}, Resource: Strings{"arn:aws:sqs:eu-west-1:123456789012:b"}}}}
	added, removed := Diff(before, after)
	fmt.Println(added, removed)
	// Output: [Allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:b] [Allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:a]
}
