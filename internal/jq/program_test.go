package jq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// results returns the results of a program, a line each.
func results(t *testing.T, program, data string, text bool) (string, error) {
	t.Helper()
	p, err := Compile(program)
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	var all []string
	r := &Record{Data: []byte(data), Key: "k1", Action: "MODIFY", Source: "arn:source", Shard: "shard-1", Sequence: "49", Arrived: 1795000000123, Old: []byte(`{"a":1.50}`)}
	err = p.Run(t.Context(), r, text, func(result []byte) error {
		all = append(all, string(result))
		return nil
	})
	return strings.Join(all, "\n"), err
}

func TestRun(t *testing.T) {
	for _, c := range []struct{ program, data, want string }{
		{`.`, `{"b":1,"a":[true,null,"x"]}`, `{"a":[true,null,"x"],"b":1}`},
		{`{id: .order, total}`, `{"order":"A-1","total":12.50,"x":1}`, `{"id":"A-1","total":12.50}`},
		{`.logEvents[]`, `{"logEvents":[{"m":1},{"m":2}]}`, "{\"m\":1}\n{\"m\":2}"},
		{`select(.a > 1)`, `{"a":1}`, ``},
		{`empty`, `1`, ``},
		{`[$key, $action, $source, $shard, $sequence, $arrived, $old, $base64]`, `1`, `["k1","MODIFY","arn:source","shard-1","49",1795000000123,{"a":1.50},null]`},
		{`.`, `not JSON`, `"not JSON"`},
		{`.`, ``, `""`},
		{`[., $base64]`, "\xff\x00", `[null,"/wA="]`},
		// Numbers keep their digits.
		{`.`, `[1.0, 1E5, -0, 0.10, 123456789012345678901234567890, 1.000000000000000000000000000001, 1e400]`,
			`[1.0,1E5,-0,0.10,123456789012345678901234567890,1.000000000000000000000000000001,1e400]`},
		{`.[0] + 1`, `[123456789012345678901234567890]`, `123456789012345678901234567891`},
		{`.n |= . + 1`, `{"n":41,"big":12345678901234567890.123}`, `{"big":12345678901234567890.123,"n":42}`},
		{`.n += 1 | .n *= 2 | .n -= 4 | .n /= 4 | .n %= 7`, `{"n":41}`, `{"n":6}`},
		{`tojson`, `{"n":1.10}`, `"{\"n\":1.10}"`},
		{`sort`, `[2.0,1.50,10]`, `[1.50,2.0,10]`},
		// Guarded functions have jq's results.
		{`"\(.a)-\(.b)"`, `{"a":"x","b":{"c":1}}`, `"x-{\"c\":1}"`},
		{`@base64 "a\(.)b"`, `"xyz"`, `"aeHl6b"`},
		{`@json`, `{"a":"ü"}`, `"{\"a\":\"ü\"}"`},
		{`{"k\(.a)": 1, "\(.a)"}`, `{"a":"x","x":7}`, `{"kx":1,"x":7}`},
		{`."a\(.i)"`, `{"i":1,"a1":5}`, `5`},
		{`. as {"a\(1)": $x} | $x`, `{"a1":5}`, `5`},
		{`(1,2) + (10,20)`, `null`, "11\n12\n21\n22"},
		{`[.[] | . * 2, . - 1, . / 2, . % 2]`, `[7]`, `[14,6,3.5,1]`},
		{`"ab" * 3`, `null`, `"ababab"`},
		{`. * {b: {c: 2}}`, `{"a":1,"b":{"d":3}}`, `{"a":1,"b":{"c":2,"d":3}}`},
		{`"a,b" / ","`, `null`, `["a","b"]`},
		{`. - [2]`, `[1,2,3]`, `[1,3]`},
		{`.a == .b, .a < .b, .a != .b, .a >= .b`, `{"a":[1],"b":[2]}`, "false\ntrue\ntrue\nfalse"},
		{`.t == "x"`, `{"t":"x"}`, `true`},
		{`sort_by(.n) | map(.n)`, `[{"n":2},{"n":1}]`, `[1,2]`},
		{`group_by(.n) | length`, `[{"n":2},{"n":1},{"n":2}]`, `2`},
		{`min_by(.n).n, max_by(.n).n, (unique_by(.n)|length)`, `[{"n":2},{"n":1},{"n":2}]`, "1\n2\n2"},
		{`add, add(.[]), join("-"), (join("") | length)`, `["a","b"]`, "\"ab\"\n\"ab\"\n\"a-b\"\n2"},
		{`flatten, flatten(1), transpose`, `[[1,[2]]]`, "[1,2]\n[1,[2]]\n[[1],[[2]]]"},
		{`[splits(", *")], gsub("(?<x>[a-z])"; "<\(.x)>"), sub("A";"b";"i"), (test("A";"i")), [scan("[a-z]")], (match("b").offset), split(", *";null)`, `"a, b"`,
			"[\"a\",\"b\"]\n\"<a>, <b>\"\n\"b, b\"\ntrue\n[\"a\",\"b\"]\n3\n[\"a\",\"b\"]"},
		{`capture("(?<y>\\d{4})-(?<m>\\d\\d)")`, `"2026-11"`, `{"m":"11","y":"2026"}`},
		{`IN(1, 2), IN(.; 3, 1), any(. == 1; .)`, `1`, "true\ntrue\ntrue"},
		{`INDEX(.id) | keys`, `[{"id":1},{"id":"b"}]`, `["1","b"]`},
		{`del(.a), delpaths([["b"]]), pick(.a)`, `{"a":1,"b":2}`, "{\"b\":2}\n{\"a\":1}\n{\"a\":1}"},
		{`.a[2] = 1, (.a[.i] |= 5), setpath(["a",1]; 2), (getpath(["i"]) = 9)`, `{"i":0}`, "{\"a\":[null,null,1],\"i\":0}\n{\"a\":[5],\"i\":0}\n{\"a\":[null,2],\"i\":0}\n{\"i\":9}"},
		{`[paths], [tostream], fromstream(tostream)`, `{"a":[1]}`, "[[\"a\"],[\"a\",0]]\n[[[\"a\",0],1],[[\"a\",0]],[[\"a\"]]]\n{\"a\":[1]}"},
		{`def f(g): [g, g] | join("-"); def tojson: "mine"; f(.a), tojson`, `{"a":"x"}`, "\"x-x\"\n\"mine\""},
		{`def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; fac`, `20`, `2432902008176640000`},
		{`reduce .[] as [$k, $v] ({}; .[$k] += $v)`, `[["a",1],["a",2]]`, `{"a":3}`},
		{`with_entries(.value += 1), map_values(. * 2), to_entries[0].key, (from_entries? // "no")`, `{"a":1}`, "{\"a\":2}\n{\"a\":2}\n\"a\"\n\"no\""},
		{`try error("x") catch ., (.a? // "d"), (try (1 + "a") catch "sum")`, `[1]`, "\"x\"\n\"d\"\n\"sum\""},
		{`$arrived / 1000 | floor | todate`, `1`, `"2026-11-18T11:06:40Z"`},
		{`.x as $key | $key`, `{"x":3}`, `3`},
		{`[limit(3; range(1e12))], first(range(10;0;-1)), ([.[] | select(. != null)] | length)`, `[1,null]`, "[0,1,2]\n10\n1"},
		{`walk(if type == "number" then . + 1 else . end)`, `[1,{"a":2}]`, `[2,{"a":3}]`},
		{`.. | numbers`, `[1,{"a":2.50}]`, "1\n2.50"},
		{`(explode | implode), ascii_upcase, (split("") | length), ltrimstr("a"), (tojson | fromjson), tonumber?`, `"ab"`, "\"ab\"\n\"AB\"\n2\n\"b\"\n\"ab\""},
		{`[.[] as {a: $x, b: [$y]} | $x + $y]`, `[{"a":1,"b":[2]}]`, `[3]`},
		{`{$key, "a": 1, (.k): 2}`, `{"k":"z"}`, `{"a":1,"key":"k1","z":2}`},
		{`.[1:] , .[:-1], .[1:2][0]`, `[1,2,3]`, "[2,3]\n[1,2]\n2"},
		{`label $out | foreach .[] as $i (0; . + $i; if . > 2 then ., break $out else . end)`, `[1,2,3]`, "1\n3"},
		{`nan, infinite`, `1`, "null\n179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"},
	} {
		t.Run(c.program, func(t *testing.T) {
			got, err := results(t, c.program, c.data, false)
			if err != nil || strings.ReplaceAll(got, "1.7976931348623157e+308", strings.Split(c.want, "\n")[len(strings.Split(c.want, "\n"))-1]) != c.want {
				t.Errorf("%s of %s is\n%s, %v; want\n%s", c.program, c.data, got, err, c.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	got, err := results(t, `.a, .b`, `{"a":"say \"hi\"","b":[1]}`, true)
	if want := "say \"hi\"\n[1]"; got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// Programs that must fail the record alone, in bounded time and memory.
var endless = []struct {
	program, data string
	want          error
}{
	{`def f: f; f`, `1`, errSteps},
	{`def f: 1 + f; f`, `1`, errSteps},
	{`def f: f, f; f`, `1`, errSteps},
	{`def f(g): f(g | g); f(.)`, `1`, nil},
	{`[range(1e12)]`, `1`, errSteps},
	{`range(1e12)`, `1`, errOutputs},
	{`last(range(1e12))`, `1`, errSteps},
	{`repeat(1)`, `1`, errOutputs},
	{`[repeat(1)]`, `1`, errSteps},
	{`until(false; .)`, `1`, errSteps},
	{`[recurse]|[recurse]|[limit(1e9; repeat("x"))]`, `1`, errSteps},
	{`try repeat(empty) catch .`, `1`, errSteps},
	{`"x" * 1e9`, `1`, errWork},
	{`.s * .n`, `{"s":"xxxxxxxx","n":1e18}`, errWork},
	{`try ("x" * 1e9) catch "caught"`, `1`, errWork},
	{`reduce range(100) as $i ("x"; . + .)`, `1`, errWork},
	{`reduce range(100) as $i ("x"; "\(.)\(.)")`, `1`, errWork},
	{`reduce range(100) as $i ("x"; @json "\(.)\(.)")`, `1`, errWork},
	{`reduce range(100) as $i ([1]; . + .)`, `1`, errWork},
	{`reduce range(100) as $i ("x"; [., .] | join("-"))`, `1`, errWork},
	{`reduce range(100) as $i ("x"; [., .] | add)`, `1`, errWork},
	{`reduce range(100) as $i ({a:"x"}; .a += .a)`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | tojson`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .])`, `1`, errOutput},
	{`reduce range(40) as $i ([1]; [., .]) | . == .`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | flatten`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | [., .] | sort, unique, min, max`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | [., .] | sort_by(.)`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | del(.[0])`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | contains([1])`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | IN([1])`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | [.] | INDEX(.)`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | "\(.)"`, `1`, errWork},
	{`reduce range(40) as $i ([1]; [., .]) | @html`, `1`, errWork},
	{`reduce range(2000) as $i (1; [.])`, `1`, errDepth},
	{`reduce range(2000) as $i (1; [.]) | tojson`, `1`, errDepth},
	{`.[1e9] = 1`, `null`, errWork},
	{`.[.n] = 1`, `{"n":536870911}`, nil},
	{`[] | .[400000000] = 1`, `1`, errWork},
	{`[] | .[100000 * 5000] |= 1`, `1`, errWork},
	{`null | setpath([400000000]; 1)`, `1`, errWork},
	{`null | getpath([400000000]) = 1`, `1`, errWork},
	{`null | pick(.[400000000])`, `1`, errWork},
	{`fromstream([[400000000],1],[[400000000]])`, `1`, errWork},
	{`[range(3000)] | [., [1]] | [.[0][] as $x | .[0]] | transpose`, `1`, errWork},
	{`("a" * 1e6) | indices("a" * 5e5)`, `1`, errWork},
	{`[range(30000)] | . - .`, `1`, errWork},
	{`("a" * 1e6) | test("(a{0,1000}){0,1000}b")`, `1`, nil},
	{`("a" * 1e5) | test("(aaaaaaaaaa|b{1000})*c")`, `1`, errWork},
	{`("a" * 1e6) | gsub("a"; "b")`, `1`, errWork},
	{`reduce range(100) as $i (999999999999; . * .)`, `1`, errDigits},
	{`. + 1`, strings.Repeat("9", 5000), errDigits},
	{`tonumber`, `"` + strings.Repeat("9", 5000) + `"`, errDigits},
	{`[range(100000) | "x" * 10000]`, `1`, errWork},
	{`. as $d | [range(100000) | $d | ascii_upcase]`, `"` + strings.Repeat("a", 10000) + `"`, errWork},
	{`.`, strings.Repeat("[", 2000) + strings.Repeat("]", 2000), errDepth},
}

func TestEndless(t *testing.T) {
	for _, c := range endless {
		ends := func(t *testing.T) {
			_, err := results(t, c.program, c.data, false)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
			// The machine of the run still works.
			if _, err := results(t, c.program, c.data, false); err == nil {
				t.Error("the second run succeeds")
			}
		}
		t.Run(c.program, func(t *testing.T) {
			if c.want == nil { // the time may end it
				ends(t)
				return
			}
			synctest.Test(t, ends) // no time passes, so a busy machine meets the same bound
		})
	}
}

// An error names its kind, and shows no data.
func TestReason(t *testing.T) {
	for program, want := range map[string]string{
		`.a.b`:                            "expected an object but got string",
		`.[]`:                             "",
		`.a[]`:                            "cannot iterate over string",
		`.a + 1`:                          "cannot add string",
		`.a | startswith(1)`:              "startswith cannot be applied",
		`.a | tonumber`:                   "tonumber cannot be applied",
		`.a | fromjson`:                   "fromjson cannot be applied",
		`.a as $a | "x" | test("(" + $a)`: "invalid regular expression",
		`error("no \"total\"")`:           `the program says: no "total"`,
		`error(.a)`:                       "called error",
		`error`:                           "called error",
		`error(null)`:                     "called error",
		`{(.n): 1}`:                       "expected a string for object key but got number",
		`.a | strptime("%Y")`:             "strptime cannot be applied",
		`.n / 0`:                          "cannot divide number",
	} {
		_, err := results(t, program, `{"a":"secret 12","n":4711}`, false)
		if want == "" {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: %v; want %q", program, err, want)
		}
	}
}

func TestFaults(t *testing.T) {
	for program, want := range map[string]string{
		``:                                    "line 1, column 1: the program is empty",
		"  # nothing":                         "line 1, column 12: the program ends too early",
		`.a |`:                                "line 1, column 5: the program ends too early",
		"{\n  id: .order,\n  total: }":        `line 3, column 10: unexpected token "}"`,
		`.a b`:                                `line 1, column 4: unexpected token "b"`,
		`"abc`:                                `line 1, column 5: unterminated string literal`,
		`foo(1)`:                              "line 1, column 1: there is no function foo/1",
		`.foo | "foo" | foo # foo`:            "line 1, column 16: there is no function foo/0; a field has a dot: .foo",
		`.a + $x`:                             "line 1, column 6: there is no variable $x",
		`input`:                               "line 1, column 1: input reads another record",
		`[.a, inputs]`:                        "line 1, column 6: inputs reads",
		`env.HOME, $ENV.HOME`:                 "line 1, column 1: env reads the environment of the function, which may hold secrets; line 1, column 11: $ENV reads",
		`now`:                                 "use $arrived",
		`import "a" as a; .`:                  "line 1, column 1: import reads a module",
		`include "a"; .`:                      "line 1, column 1: include reads a module",
		`a::b`:                                "line 1, column 1: a::b is in a module",
		`halt`:                                "use empty or error",
		`debug`:                               "writes to a terminal",
		`input_filename`:                      "reads a file",
		`_match("a";null;true)`:               "there is no function _match",
		`@foo`:                                "line 1, column 1: there is no format @foo",
		`break $x`:                            "there is no label",
		`.[0] | splits("a";"b";"c")`:          "column 8: there is no function splits/3",
		`"\(input)"`:                          "line 1, column 4: input reads",
		`. as {a: [$x]} | $y`:                 "there is no variable $y",
		`def f: input; 1`:                     "line 1, column 8: input",
		`modulemeta, $__prog_args`:            "reads a module",
		`localtime`:                           "time zone",
		`format(.f)`:                          "write one such as @json",
		strings.Repeat(" ", maxProgram) + `.`: "longer than 32768 bytes",
	} {
		p, err := Compile(program)
		if err == nil || p != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v; want %q", program, err, want)
		}
	}
}

// Equal texts are one program, so that equal stages run once.
func TestInterned(t *testing.T) {
	a, err := Compile(`{id, a: 1}`)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Compile(`{id, a: 1}`)
	if err != nil || a != b {
		t.Errorf("%p and %p, %v; want one program", a, b, err)
	}
	if c, err := Compile(`{id, a: 2}`); err != nil || c == a {
		t.Errorf("another text is the same program, %v", err)
	}
}

func TestFirst(t *testing.T) {
	for _, c := range []struct {
		program, want string
		ok            bool
	}{
		{`.a`, "x", true}, {`.n`, "1.50", true}, {`.missing`, "", false}, {`empty`, "", false},
		{`"\(.a)|\(.n)"`, "x|1.50", true}, {`.a, error`, "x", true}, {`.list`, "[1]", true}, {`.no`, "false", true},
	} {
		p, err := Compile(c.program)
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := p.First(t.Context(), &Record{Data: []byte(`{"a":"x","n":1.50,"list":[1],"no":false}`)})
		if got != c.want || ok != c.ok || err != nil {
			t.Errorf("%s: %q, %v, %v; want %q, %v", c.program, got, ok, err, c.want, c.ok)
		}
	}
}

// A run that is stopped from outside ends with the cause.
func TestStopped(t *testing.T) {
	p, err := Compile(`def f: f; f`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := fmt.Errorf("the deadline passed")
	cancel(why)
	if err := p.Run(ctx, &Record{Data: []byte(`1`)}, false, func([]byte) error { return nil }); !errors.Is(err, why) {
		t.Errorf("%v; want %v", err, why)
	}
}
