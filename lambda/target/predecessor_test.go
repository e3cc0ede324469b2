package target

import (
	"strings"
	"testing"
)

// aws-lambda-fanout treats flags that are not booleans as follows. configuration.js
// requires active = BOOL true, and a boolean for parallel. transformation.js tests whether
// the others are truthy.
func TestPredecessorFlags(t *testing.T) {
	str := func(s string) Value { return Value{Kind: String, Text: s} }
	num := func(s string) Value { return Value{Kind: Number, Text: s} }
	for _, tt := range []struct {
		flag  string
		value Value
		path  string
		want  string // active, and the flag; "fault"
	}{
		{"active", str("true"), "", "inactive"}, {"active", str("false"), "", "inactive"}, {"active", num("1"), "", "inactive"},
		{"parallel", str("false"), "", "inactive"}, {"parallel", num("0"), "", "inactive"},
		{"convertDDB", str("true"), "", "true"}, {"convertDDB", str("TRUE"), "", "true"}, {"convertDDB", str("false"), "", "true"}, {"convertDDB", str("0"), "", "true"},
		{"convertDDB", num("1"), "", "true"}, {"convertDDB", num("0"), "", "false"}, {"convertDDB", num("0.0"), "", "false"}, {"convertDDB", num("-2"), "", "true"}, {"convertDDB", num("1e400"), "", "true"},
		{"deaggregate", str("yes"), "", "true"}, {"deaggregate", num("0"), "", "false"},
		{"appendNewlines", str("no"), "", "true"}, {"appendNewlines", num("0"), "", "false"},
		{"convertDDB", Value{Kind: "L"}, "", "fault"}, {"active", Value{Kind: "M"}, "", "fault"}, {"parallel", Value{Kind: "B"}, "", "fault"},
		// A file has never been the predecessor's.
		{"active", str("true"), "t.yaml", "fault"}, {"parallel", num("1"), "t.yaml", "fault"},
		{"convertDDB", str("true"), "t.yaml", "true"}, {"convertDDB", num("1"), "t.yaml", "true"},
		{"convertDDB", str("false"), "t.yaml", "fault"}, {"convertDDB", num("0"), "t.yaml", "fault"}, {"convertDDB", str("yes"), "t.yaml", "fault"},
	} {
		attrs := with("sourceArn", table1)
		if tt.flag == "deaggregate" {
			attrs = base()
		}
		attrs[tt.flag] = tt.value
		l := catalog.read(attrs, "", tt.path)
		got := "false"
		switch s := l.Spec; {
		case l.Err() != nil:
			got = "fault"
		case !s.Active:
			got = "inactive"
		case s.ConvertDDB || s.Deaggregate || s.AppendNewlines:
			got = "true"
		}
		if got != tt.want {
			t.Errorf("%s %v in %q is %s, want %s", tt.flag, tt.value, tt.path, got, tt.want)
		}
		if warned := len(l.Warnings) == 1 && strings.Contains(l.Warnings[0].Text, "aws-lambda-fanout"); warned != (tt.want != "fault") {
			t.Errorf("%s %v in %q: warnings %v", tt.flag, tt.value, tt.path, l.Warnings)
		}
	}
}
