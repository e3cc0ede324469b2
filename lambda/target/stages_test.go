package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/builtin"
	"fanout/stages"
)

// mark is a stage from outside, with options.
type mark struct{ text string }

func (m mark) Name() string { return "mark " + m.text }

func (mark) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		out.Emit(r)
	}
}

// lister is a stage that cannot be compared.
type lister struct{ list []string }

func (l lister) Name() string { return "lister" + strings.Join(l.list, ",") }

func (lister) Process(context.Context, []engine.Record, *engine.Out) {}

// extended is a catalog with stages from outside.
func extended() *Catalog {
	return &Catalog{Types: builtin.Types(), Stages: append(stages.Types(),
		&stages.Type{Name: "mark", Place: stages.Own, New: func(s *stages.Settings) (engine.Stage, error) {
			var o struct {
				Text  string        `json:"text"`
				Loud  bool          `json:"loud"`
				Never []json.Number `json:"never"`
			}
			if err := stages.Options(s, &o); err != nil {
				return nil, err
			}
			if o.Text == "two faults" {
				return nil, errors.Join(errors.New("text: is two"), errors.New("loud: is missing"))
			}
			return mark{o.Text}, nil
		}},
		&stages.Type{Name: "last", Place: stages.Line, New: func(*stages.Settings) (engine.Stage, error) { return mark{"last"}, nil }},
		&stages.Type{Name: "lister", Place: stages.Own, New: func(*stages.Settings) (engine.Stage, error) { return lister{}, nil }},
		&stages.Type{Name: "panics", Place: stages.Own, New: func(*stages.Settings) (engine.Stage, error) { panic("secret") }},
		&stages.Type{Name: "tables", Place: stages.Own, Sources: []string{"dynamodb"}, New: func(s *stages.Settings) (engine.Stage, error) {
			return nil, nil
		}},
	)}
}

func TestStages(t *testing.T) {
	for _, tt := range []struct {
		stages string
		more   []string
		want   string // the names of the stages
		faults string
	}{
		{``, nil, "", ""},
		{`["mark"]`, nil, "mark ", ""},
		{`[{"mark":null}]`, nil, "mark ", ""},
		{`[{"mark":{"text":"a"}},{"mark":{"text":"b"}}]`, nil, "mark a|mark b", ""},
		{`["last",{"mark":{"text":"a"}}]`, []string{"deaggregate", "true", "appendNewlines", "true", "batchRecords", "5"}, "deaggregate|mark a|newline|mark last|shape", ""},
		{`[{"mark":{"text":7}}]`, nil, "", `stages[0].mark: text: must not be a JSON number`},
		{`[{"mark":{"txt":"a"}}]`, nil, "", `stages[0].mark: txt: is not an option of this stage`},
		{`[{"mark":{"text":"two faults"}}, {"marc":{}}]`, nil, "", "stages[0].mark: text: is two|stages[0].mark: loud: is missing|" +
			`stages[1]: there is no stage "marc"; write one of mark, last, lister, panics, tables`},
		{`["lister"]`, nil, "", "stages[0].lister: a stage of the type target.lister cannot be compared"},
		{`["panics"]`, nil, "", "stages[0].panics: the stage cannot be created: it panicked (string)"},
		{`["deaggregate"]`, nil, "", `there is no stage "deaggregate"; write the attribute deaggregate`},
		{`["convertddb"]`, nil, "", `there is no stage "convertddb"; write the attribute convertDDB`},
		{`{"mark":{}}`, nil, "", "is not a list; write a list of stages"},
		{`[{"mark":{},"last":{}}]`, nil, "", "stages[0]: is not a stage"},
		{`[7]`, nil, "", "stages[0]: is not a stage"},
		{`not JSON`, nil, "", "is not a list"},
	} {
		t.Run(tt.stages, func(t *testing.T) {
			c := extended()
			pairs := tt.more
			if tt.stages != "" {
				pairs = append(slices.Clone(tt.more), "stages", tt.stages)
			}
			l := c.Read(with(pairs...), "a")
			if tt.faults != "" {
				got := texts(l.Faults)
				for i, want := range strings.Split(tt.faults, "|") {
					if i >= len(got) || !strings.Contains(got[i], want) {
						t.Errorf("faults are %q; want %q", got, want)
					}
				}
				return
			}
			if err := l.Err(); err != nil {
				t.Fatal(err)
			}
			all, err := c.StagesOf(&l.Spec, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, s := range all {
				name, _, _ := strings.Cut(s.Name(), " at most")
				names = append(names, name)
			}
			if got := strings.Join(names, "|"); !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("stages are %s; want %s", got, tt.want)
			}
		})
	}
}

// A built-in fanout says that it has no stages of that kind.
func TestNoOwnStages(t *testing.T) {
	l := catalog.Read(with("stages", `["mask"]`), "a")
	if err := fmt.Sprint(l.Err()); !strings.Contains(err, `there is no stage "mask"; this fanout has no stages of its own; see fanout build`) {
		t.Error(err)
	}
}

// The attribute stages is the same from a table, as a list or text, and from a file.
func TestStagesOfTablesAndFiles(t *testing.T) {
	c := extended()
	const want = `[{"mark":{"loud":true,"never":[1,20000000000000000001],"text":"a"}}]`
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	item := map[string]types.AttributeValue{"id": s("a"), "type": s("kinesis"), "destination": s("d"), "sourceArn": s(stream1), "active": &types.AttributeValueMemberBOOL{Value: true}}
	item["stages"] = s(` [{"mark": {"text":"a","loud":true,"never":[1,20000000000000000001]}}]`)
	if got := c.Read(values(item), "").Spec.Stages; got != want {
		t.Errorf("text in a table: %s", got)
	}
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	item["stages"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		"mark": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"text": s("a"), "loud": &types.AttributeValueMemberBOOL{Value: true},
			"never": &types.AttributeValueMemberL{Value: []types.AttributeValue{n("1"), n("20000000000000000001")}},
		}},
	}}}}
	if got := c.Read(values(item), "").Spec.Stages; got != want {
		t.Errorf("a list in a table: %s", got)
	}
	item["stages"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberB{Value: []byte("x")}}}
	if l := c.Read(values(item), ""); l.Err() == nil || !strings.Contains(l.Err().Error(), "stages") {
		t.Errorf("binary in a list: %v", l.Err())
	}
	all, err := c.parseFile("t.yaml", []byte("targets:\n- {id: a, sourceArn: '"+stream1+"', type: kinesis, destination: d, active: true, stages: [{mark: {text: a, loud: true, never: [1, 20000000000000000001]}}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, all[0].Spec.Stages); diff != "" || all[0].Err() != nil {
		t.Errorf("%v %s", all[0].Err(), diff)
	}
}

func FuzzStages(f *testing.F) {
	for _, s := range []string{`["mark"]`, `[{"mark":{"text":"a"}}]`, `[]`, `[null]`, `[{"mark":7}]`, `[[[`, `{}`} {
		f.Add(s)
	}
	c := extended()
	f.Fuzz(func(t *testing.T, text string) {
		l := c.Read(with("stages", text), "a")
		if l.Err() != nil {
			return
		}
		if _, err := c.StagesOf(&l.Spec, 0); err != nil {
			t.Errorf("%q has no fault, and then: %v", text, err)
		}
		if l.Spec.Stages != "" && !json.Valid([]byte(l.Spec.Stages)) {
			t.Errorf("%q reads as %q", text, l.Spec.Stages)
		}
	})
}

func TestCatalogCheck(t *testing.T) {
	c := extended()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	c.Types = append(c.Types, c.Types[0], nil)
	c.Stages = append(c.Stages, c.Stages[0], &stages.Type{Name: "x"}, nil, &stages.Type{Name: "far", Place: 99, New: c.Stages[0].New})
	want := `two target types have the name "sns"; rename yours
the type of target "" is incomplete; set Name, Parse and Open
two stages have the name "` + c.Stages[0].Name + `"; rename yours
a stage is incomplete; set Name and New
a stage is incomplete; set Name and New
the stage "far" has the unknown place 99; use a place from package stages`
	if diff := cmp.Diff(want, fmt.Sprint(c.Check())); diff != "" {
		t.Error(diff)
	}
}
