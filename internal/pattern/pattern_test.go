package pattern_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/jsonscan"
	"fanout/internal/pattern"
)

func compile(t testing.TB, text string) *pattern.Pattern {
	t.Helper()
	p, err := pattern.Compile([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// fields is a view that notes the names that are looked up.
type fields struct {
	values map[string]pattern.Value
	asked  []string
}

func (f *fields) Field(name string) pattern.Value {
	f.asked = append(f.asked, name)
	return f.values[name]
}

func TestView(t *testing.T) {
	var (
		order = pattern.JSON([]byte(`{"type":"order","total":[5,{"a":1}]}`))
		plain = pattern.JSON([]byte(`hello`))
		half  = pattern.JSON([]byte(`{"type":"order"`))
		more  = pattern.JSON([]byte(`{"type":"order"} {}`))
		text  = pattern.JSON([]byte(`"hel\u006co"`))
	)
	for _, tt := range []struct {
		pattern string
		data    pattern.Value
		want    bool
	}{
		{`{"data":{"type":["order"]}}`, order, true},
		{`{"data":{"type":["other"]}}`, order, false},
		{`{"data":{"total":[5]}}`, order, true},
		{`{"data":{"total":{"a":[1]}}}`, order, true},
		{`{"data":{"gone":[{"exists":false}]}}`, order, true},
		{`{"data":[{"exists":true}]}`, order, false},
		{`{"data":{"type":["order"]},"partitionKey":["k\"1"]}`, order, true},
		{`{"data":{"type":["order"]},"partitionKey":[{"anything-but":"k\"1"}]}`, order, false},
		{`{"data":{"type":["order"]},"gone":[{"exists":false}]}`, order, true},
		{`{"data":{"type":["order"]},"gone":[{"exists":true}]}`, order, false},

		// Data that is not JSON matches no pattern that looks into it.
		{`{"partitionKey":["k\"1"]}`, plain, true},
		{`{"data":{"type":["order"]}}`, plain, false},
		{`{"data":{"type":[{"exists":false}]}}`, plain, false},
		{`{"data":[{"exists":true}]}`, plain, false},
		{`{"data":[{"exists":false}]}`, plain, false},
		{`{"$or":[{"data":{"type":["order"]}},{"partitionKey":["k\"1"]}]}`, plain, false},
		{`{"data":{"type":["order"]}}`, half, false},
		{`{"data":{"type":["order"]}}`, more, false},
		{`{"data":{"type":["order"]}}`, pattern.JSON(nil), false},

		// Any JSON is JSON.
		{`{"data":["hello"]}`, text, true},
		{`{"data":{"type":[{"exists":false}]}}`, text, true},
		{`{"data":{"a":[1]}}`, pattern.JSON([]byte(` [{"a":2},{"a":1}] `)), true},
		{`{"data":[3]}`, pattern.JSON([]byte(` [1,2,3.0] `)), true},

		{`{"data":{"type":[{"exists":false}]}}`, pattern.Value{}, true},
		{`{"data":{"type":[{"exists":true}]}}`, pattern.Value{}, false},

		// A string is text, and JSON only for the names below it.
		{`{"data":["hello"]}`, pattern.String([]byte(`hello`)), true},
		{`{"data":["say \"hi\""]}`, pattern.String([]byte(`say "hi"`)), true},
		{`{"data":["a\\u0062"]}`, pattern.String([]byte(`a\u0062`)), true},
		{`{"data":[5]}`, pattern.String([]byte(`5`)), false},
		{`{"data":["5"]}`, pattern.String([]byte(`5`)), true},
		{`{"data":{"a":[5]}}`, pattern.String([]byte(`{"a":5}`)), true},
		{`{"data":["{\"a\":5}"]}`, pattern.String([]byte(`{"a":5}`)), true},
		{`{"data":{"a":[5]}}`, pattern.String([]byte(`hello`)), false},
		{`{"data":{"a":[{"exists":false}]}}`, pattern.String([]byte(`hello`)), false},

		{`{"data":{"in":{"type":["order"]}}}`, pattern.Object(&fields{values: map[string]pattern.Value{"in": order}}), true},
		{`{"data.in.type":["order"]}`, pattern.Object(&fields{values: map[string]pattern.Value{"in": order}}), true},
		{`{"data":{"in":{"type":["order"]}}}`, pattern.Object(&fields{values: map[string]pattern.Value{"in": plain}}), false},
		{`{"data":{"out":{"type":["order"]}}}`, pattern.Object(&fields{values: map[string]pattern.Value{"in": order}}), false},
		{`{"data":[{"exists":false}]}`, pattern.Object(&fields{}), true},
	} {
		p := compile(t, tt.pattern)
		v := fields{values: map[string]pattern.Value{"data": tt.data, "partitionKey": pattern.String([]byte(`k"1`))}}
		if got := p.Match(&v); got != tt.want {
			t.Errorf("%s: %t", tt.pattern, got)
		}
		for _, name := range v.asked {
			if !slices.Contains(p.Names(), name) {
				t.Errorf("%s asked for %s", tt.pattern, name)
			}
		}
	}
}

func TestNames(t *testing.T) {
	p := compile(t, `{"$or":[{"b":["x"]},{"a.c":["x"],"d":{"b":["x"]}}],"a":{"b":["x"]}}`)
	if diff := cmp.Diff([]string{"a", "b", "d"}, p.Names()); diff != "" {
		t.Error(diff)
	}
}

// All names of an object are found, however many there are.
func TestManyNames(t *testing.T) {
	for _, n := range []int{1, 7, 8, 9, 200} {
		var p, e []string
		for i := range n {
			p = append(p, fmt.Sprintf(`"n%d":[%d]`, i, i))
			e = append(e, fmt.Sprintf(`"other%d":0,"n%d":%d`, i, i, i))
		}
		slices.Reverse(e)
		c := compile(t, "{"+strings.Join(p, ",")+"}")
		if !c.MatchJSON([]byte("{" + strings.Join(e, ",") + "}")) {
			t.Errorf("%d names do not match", n)
		}
		if c.MatchJSON([]byte("{" + strings.Join(e[1:], ",") + "}")) {
			t.Errorf("%d names match, although one is missing", n)
		}
		dotted := compile(t, "{"+strings.ReplaceAll(strings.Join(p, ","), `":`, `.x":`)+"}")
		if !dotted.MatchJSON([]byte("{" + strings.ReplaceAll(strings.Join(e, ","), `":`, `.x":`) + "}")) {
			t.Errorf("%d names with dots do not match", n)
		}
	}
}

// A set of lists may take several words.
func TestManyLists(t *testing.T) {
	var branches []string
	for i := range 200 {
		branches = append(branches, fmt.Sprintf(`{"a":{"x":[%d],"y":[{"exists":false},%d]}}`, i, i))
	}
	p := compile(t, `{"$or":[`+strings.Join(branches, ",")+`]}`)
	for _, i := range []int{0, 63, 64, 127, 128, 199} {
		for event, want := range map[string]bool{
			`{"a":{"x":%d,"y":%[1]d}}`:                   true,
			`{"a":[{"x":0.5},{"x":%d}]}`:                 true,
			`{"a":[{"x":%d,"y":0.5},{"x":%[1]d}]}`:       true,
			`{"a":[{"x":%d,"y":0.5},{"y":%[1]d}]}`:       false,
			`{"a":[{"x":0.5,"y":%d},[{"x":%[1]d}]]}`:     true,
			`{"a":[{"x":%d,"y":0.5},{"x":0.5,"y":0.5}]}`: false,
		} {
			if got := p.MatchJSON(fmt.Appendf(nil, event, i)); got != want {
				t.Errorf(event+": %[2]t", i, got)
			}
		}
	}
}

// branches returns an $or of n branches, whose fields begin with prefix.
func branches(prefix string, n int) string {
	return `"$or":[` + repeat(n, `{"`+prefix+`%d":[1]}`) + `]`
}

// repeat returns n times a text, with the numbers from 0.
func repeat(n int, text string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(text, "%d", strconv.Itoa(i))
	}
	return strings.Join(all, ",")
}

func TestBounds(t *testing.T) {
	const combinations = "makes more than 1000 combinations of the branches of $or; write fewer branches, or split the pattern"
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "[1]" + strings.Repeat("}", n) }
	for _, tt := range []struct{ good, bad, fault string }{
		{`{"a":["` + strings.Repeat("x", pattern.MaxSize-10) + `"]}`, `{"a":["` + strings.Repeat("x", pattern.MaxSize-9) + `"]}`,
			"the pattern is 65537 bytes long; write at most 65536"},
		{`{` + branches("a", 100) + `,` + branches("b", 10) + `}`, `{` + branches("a", 100) + `,` + branches("b", 11) + `}`, "$or: " + combinations},
		{`{"$or":[{` + branches("a", 30) + `,` + branches("b", 30) + `},{` + branches("c", 10) + `,` + branches("d", 10) + `}]}`,
			`{"$or":[{` + branches("a", 30) + `,` + branches("b", 30) + `},{` + branches("c", 10) + `,` + branches("d", 11) + `}]}`, "$or: " + combinations},
		{`{` + repeat(256, `"n%d":[1]`) + `}`, `{` + repeat(1000, `"n%d":[1]`) + `}`,
			"n256: is beyond the 256 fields that a pattern may name together; write fewer"},
		{`{` + branches("a", 1000) + `}`, `{` + branches("a", 1001) + `}`,
			"$or[1000].a1000: is beyond the 1000 lists of values that a pattern may have; write fewer"},
		{deep(100), deep(101), strings.Repeat("a.", 100) + "a: is below more than 100 names; write fewer"},
		{`{"` + strings.Repeat("a.", 99) + `a":[1]}`, `{"` + strings.Repeat("a.", 100) + `a":[1]}`,
			`"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.…": is below more than 100 names; write fewer`},
	} {
		compile(t, tt.good)
		if got := faultsOf(tt.bad); got != tt.fault {
			t.Errorf("%.60s: %.300s", tt.bad, got)
		}
	}
}

// faultsOf returns all faults of a pattern.
func faultsOf(text string) string {
	if _, err := pattern.Compile([]byte(text)); err != nil {
		return err.Error()
	}
	return "no fault"
}

// A matcher that goes back would take years for these.
func TestNothingIsTriedTwice(t *testing.T) {
	as := strings.Repeat("a", 100_000)
	p := compile(t, `{"a":[{"wildcard":"`+strings.Repeat("*a", 200)+`*b"}]}`)
	if p.MatchJSON([]byte(`{"a":"` + as + `"}`)) {
		t.Error("the wildcard matches")
	}
	if !p.MatchJSON([]byte(`{"a":"` + as + `b"}`)) {
		t.Error("the wildcard does not match")
	}

	// Arrays beside and inside one another: no two elements have all fields.
	var names, arrays []string
	for i := range 20 {
		names = append(names, fmt.Sprintf(`"n%d":{"x":[1],"y":[1]}`, i))
		arrays = append(arrays, fmt.Sprintf(`"n%d":[%s{"x":1,"y":1}]`, i, strings.Repeat(`{"x":1},{"y":1},`, 500)))
	}
	p = compile(t, `{`+strings.Join(names, ",")+`,"z":{"x":[1],"y":[1]}}`)
	if p.MatchJSON([]byte(`{` + strings.Join(arrays, ",") + `,"z":[{"x":1},{"y":1}]}`)) {
		t.Error("the arrays match")
	}
	if !p.MatchJSON([]byte(`{` + strings.Join(arrays, ",") + `,"z":[{"x":1},{"y":1,"x":1}]}`)) {
		t.Error("the arrays do not match")
	}

	const deep = 3000
	p = compile(t, `{"a":{"x":[1],"y":[2]}}`)
	nested := `{"a":` + strings.Repeat(`[{"x":1},{"y":2},`, deep) + `%s` + strings.Repeat(`]`, deep) + `}`
	if p.MatchJSON(fmt.Appendf(nil, nested, `{"x":2,"y":1}`)) {
		t.Error("the nested arrays match")
	}
	if !p.MatchJSON(fmt.Appendf(nil, nested, `{"x":1,"y":2}`)) {
		t.Error("the nested arrays do not match")
	}
}

func TestDepth(t *testing.T) {
	p := compile(t, `{"a":[1]}`)
	for _, tt := range []struct {
		depth int
		want  bool
	}{{jsonscan.MaxDepth - 1, true}, {jsonscan.MaxDepth, false}} {
		event := `{"a":[1,` + strings.Repeat("[", tt.depth-1) + strings.Repeat("]", tt.depth-1) + `]}`
		if got := p.MatchJSON([]byte(event)); got != tt.want {
			t.Errorf("depth %d: %t", tt.depth, got)
		}
		event = `{"a":1,"b":` + strings.Repeat("[", tt.depth) + strings.Repeat("]", tt.depth) + `}`
		if got := p.MatchJSON([]byte(event)); got != tt.want {
			t.Errorf("depth %d beside: %t", tt.depth, got)
		}
	}
}

// Matches of one pattern do not disturb each other.
func TestConcurrent(t *testing.T) {
	p := compile(t, `{"a":[{"prefix":"é"}],"b":{"x":[1],"y":[2]}}`)
	done := make(chan bool)
	for i := range 8 {
		go func() {
			event, want := `{"a":"\u00e9`+strings.Repeat("x", i)+`","b":[{"x":1,"y":2}]}`, i%2 == 0
			if !want {
				event = strings.ReplaceAll(event, `,"y"`, `},{"y"`)
			}
			ok := true
			for range 1000 {
				ok = ok && p.MatchJSON([]byte(event)) == want
			}
			done <- ok
		}()
	}
	for range 8 {
		if !<-done {
			t.Error("a match went wrong")
		}
	}
}
