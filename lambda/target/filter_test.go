package target

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A filter is the same as a map or text in a table, and as an object or text in a file.
func TestFilterOfTablesAndFiles(t *testing.T) {
	const want = `{"data":{"id":["a<b",20000000000000000001]},"partitionKey":[{"exists":true}]}`
	const mixed = `{"partitionKey": [{"exists": true}], "data": {"id": ["a<b", 20000000000000000001]}}`
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	l := func(v ...types.AttributeValue) types.AttributeValue { return &types.AttributeValueMemberL{Value: v} }
	m := func(name string, v types.AttributeValue) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{name: v}
	}
	object := m("data", &types.AttributeValueMemberM{Value: m("id", l(s("a<b"), &types.AttributeValueMemberN{Value: "20000000000000000001"}))})
	object["partitionKey"] = l(&types.AttributeValueMemberM{Value: m("exists", &types.AttributeValueMemberBOOL{Value: true})})
	item := map[string]types.AttributeValue{"id": s("a"), "type": s("kinesis"), "destination": s("d"), "sourceArn": s(stream1), "active": &types.AttributeValueMemberBOOL{Value: true}}
	for name, v := range map[string]types.AttributeValue{"text": s(mixed), "map": &types.AttributeValueMemberM{Value: object}} {
		item["filter"] = v
		if got := catalog.Read(values(item), ""); got.Spec.Filter != want || got.Err() != nil || got.Attributes["filter"].Kind != String {
			t.Errorf("%s in a table: %s, %v", name, got.Spec.Filter, got.Err())
		}
	}
	for _, v := range []string{mixed, "'" + mixed + "'", `{data: {id: [a<b, 20000000000000000001]}, partitionKey: [{exists: true}]}`} {
		if got := inFile(t, v); got.Spec.Filter != want || got.Err() != nil {
			t.Errorf("%s in a file: %s, %v", v, got.Spec.Filter, got.Err())
		}
	}
	dates := inFile(t, `{data: {day: [2026-11-30, yes, on]}}`)
	if got := dates.Spec.Filter; got != `{"data":{"day":["2026-11-30","yes","on"]}}` {
		t.Error(got)
	}
}

func inFile(t *testing.T, filter string) Loaded {
	t.Helper()
	all, err := catalog.parseFile("t.yaml", []byte("targets:\n- {id: a, sourceArn: '"+stream1+"', type: kinesis, destination: d, active: true,\n  filter: "+filter+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestFilterFaults(t *testing.T) {
	const write = "; write an event pattern, such as {data: {type: [order]}}"
	for _, tt := range []struct{ filter, want string }{
		{`7`, `t.yaml:3: target "a": filter: is a number (N)` + write},
		{`[a]`, `t.yaml:3: target "a": filter: is a list (L)` + write},
		{`{data: {a: [b]}, data: {c: [d]}}`, `t.yaml:3: target "a": filter: has a name twice, too many values, or one that is not JSON` + write},
		{`{data: {a: [.inf]}}`, `t.yaml:3: target "a": filter: has a name twice, too many values, or one that is not JSON` + write},
		{`{data: {a: [{prefx: b}], b: c}, key: [d]}`, `t.yaml:3: target "a": filter: data.a[0].prefx: is not an operator here; did you mean prefix?` + "\n" +
			`t.yaml:3: target "a": filter: data.b: is a string; write a list of values such as ["a", "b"], or an object of fields`},
		{`{dta: {a: [b]}}`, `t.yaml:3: target "a": filter: dta: a Kinesis record has no such field; did you mean data?`},
		{`'{"data":{"a":["b"]},"data":{"a":["c"]}}'`, `t.yaml:3: target "a": filter: data.a: is a second list for this field; write all its values in one list`},
		{`'{"data"'`, `t.yaml:3: target "a": filter: the pattern is not JSON: line 1, column 8 (byte 7): the data ends too early`},
		{`''`, ``},
		{`null`, ``},
	} {
		l := inFile(t, tt.filter)
		got := ""
		if err := l.Err(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.filter, got, tt.want)
		}
	}
}

// Targets with the same pattern have the same stage, between those that change the format
// and those of one's own.
func TestFilterStage(t *testing.T) {
	c := extended()
	a := c.Read(with("filter", `{"data":{"a":["b"]}}`, "deaggregate", "true", "stages", `["mark"]`), "a")
	b := c.Read(with("filter", `{ "data": {"a": ["b"]} }`), "b")
	first, err := c.StagesOf(&a.Spec, 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.StagesOf(&b.Spec, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range first {
		names = append(names, s.Name())
	}
	if got := strings.Join(names, "|"); got != "deaggregate|filter|mark " || len(second) != 1 || first[1] != second[0] {
		t.Errorf("%s, and %v", got, second)
	}
}
