package jsonscan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seeds are valid and invalid texts.
var seeds = []string{
	``, ` `, `{}`, `[]`, ` { "a" : [ 1 , -0.5e+7 , true , false , null , "\u00e9\n" ] , "b" : { } } `,
	`{,}`, `[,]`, `[1,]`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{1:2}`, `[1 2]`, `{"a":1 "b":2}`, `{"a":1]`, `[1}`,
	`01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `0x1`, `1 2`, `tru`, `nul`, `truer`, `"`, `"\`, `"\u12`, `"\u12x4"`, `"\x"`,
	"\"\x00\"", "\"\n\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\ufffe\uffff\"", `"\ud800"`, "\ufeff{}", "\x00", "[\x00]",
	`"eight bytes and more, up to the end of the fourth word, and then a \"quote\" follows"`,
	`{"long":"` + strings.Repeat("abcdefgh", 9) + `é` + strings.Repeat("abcdefgh", 9) + `"}`,
}

// Nesting is bounded as in encoding/json.
func TestNesting(t *testing.T) {
	for depth, want := range map[int]bool{MaxDepth: true, MaxDepth + 1: false} {
		for _, text := range []string{
			strings.Repeat("[", depth) + strings.Repeat("]", depth),
			strings.Repeat(`{"":`, depth) + "0" + strings.Repeat("}", depth),
		} {
			c := Cursor{Text: []byte(text)}
			_, ok := c.Value()
			if got := ok && c.End(); got != want || got != json.Valid(c.Text) {
				t.Errorf("%d levels: %v, want %v and encoding/json says %v", depth, got, want, json.Valid(c.Text))
			}
			if !want && c.Why != TooDeep {
				t.Errorf("%d levels: the reason is %q", depth, c.Why)
			}
		}
	}
	flat := Cursor{Text: []byte("[" + strings.Repeat("[],{},", MaxDepth) + "0]")}
	if _, ok := flat.Value(); !ok || !flat.End() {
		t.Errorf("elements side by side are not nested, but fail: %s", flat.Why)
	}
}

// A fault has a reason and a position.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		text, why string
		pos       int
	}{
		{``, "the data ends too early", 0},
		{` [1`, "the data ends too early", 3},
		{`"abc`, "the data ends too early", 4},
		{`"abc\`, "the data ends too early", 5},
		{`-`, "the data ends too early", 1},
		{`tru`, "the data ends too early", 3},
		{`{} {`, "there is more data after the value", 3},
		{`[1 2]`, "a comma or bracket is missing", 3},
		{`{"a":1 "b":2}`, "a comma or brace is missing", 7},
		{`{"a" 1}`, "a colon is missing", 5},
		{`{1:2}`, "a string is missing", 1},
		{`[1.x]`, "a value is missing", 3},
		{`[trux]`, "a value is missing", 4},
		{`[}`, "a value is missing", 1},
		{`["a\x"]`, "a string has an escape that JSON does not know", 3},
		{`["a\u123g"]`, "a string has an escape that JSON does not know", 3},
		{"[\"a\x01\"]", "a string has a control character that is not escaped", 3},
		{"[\"aé\xc3\"]", "a string is not UTF-8", 5},
	} {
		cur := Cursor{Text: []byte(c.text)}
		if _, ok := cur.Value(); ok && cur.End() {
			t.Errorf("%q is accepted", c.text)
		}
		if cur.Why != c.why || cur.Pos != c.pos {
			t.Errorf("%q: %s, at byte %d; want %s, at byte %d", c.text, cur.Why, cur.Pos, c.why, c.pos)
		}
	}
	for open, want := range map[byte]string{'{': "an object is missing", '[': "an array is missing"} {
		cur := Cursor{Text: []byte(` 1`)}
		if more, ok := cur.Enter(open); more || ok || cur.Why != want || cur.Pos != 1 {
			t.Errorf("entering %c in a number: %v, %v, %s, at byte %d; want %s", open, more, ok, cur.Why, cur.Pos, want)
		}
	}
}

// FuzzValid compares with encoding/json, which also accepts strings that are not
// UTF-8.
func FuzzValid(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := Cursor{Text: b}
		_, ok := c.Value()
		got := ok && c.End()
		if want := json.Valid(b) && utf8.Valid(b); got != want || Valid(b) != want {
			t.Errorf("%q: %v (%s at %d), want %v", b, got, c.Why, c.Pos, want)
		}
		if got != (c.Why == "") || c.Pos > len(b) {
			t.Errorf("%q: %v with reason %q at %d", b, got, c.Why, c.Pos)
		}
		c = Cursor{Text: b, AnyBytes: true}
		_, ok = c.Value()
		if got, want := ok && c.End(), json.Valid(b); got != want {
			t.Errorf("%q with any bytes: %v (%s at %d), want %v", b, got, c.Why, c.Pos, want)
		}
	})
}

// Reading takes no memory.
func TestAllocations(t *testing.T) {
	text := []byte(`{"a":[1,true,null,"é",{"b":"\n"}],"c":-1.5e3}`)
	names := 0
	if n := testing.AllocsPerRun(100, func() {
		c := Cursor{Text: text}
		c.Object(func(name Value) bool {
			names += len(name.Raw)
			_, ok := c.Array(func() bool {
				_, ok := c.Value()
				return ok
			})
			return ok
		})
		if !c.End() || !Valid(text) {
			t.Fatal(c.Why)
		}
	}); n != 0 || names == 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleCursor() {
	c := Cursor{Text: []byte(`{"id": "order-17", "lines": [{"sku": "a"}, {"sku": "b"}]}`)}
	_, ok := c.Object(func(name Value) bool {
		v, ok := c.Value()
		fmt.Printf("%s is %s: %s\n", name.Raw, v.Kind, v.Raw)
		return ok
	})
	fmt.Println(ok && c.End())
	// Output:
	// id is a string: order-17
	// lines is a list: [{"sku": "a"}, {"sku": "b"}]
	// true
}

func BenchmarkValid(b *testing.B) {
	record := `{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","at":1763853600.125,"name":"Ünsal \"the\" Smith",` +
		`"tags":["a","b","c"],"ok":true,"none":null,"text":"` + strings.Repeat("some ordinary words ", 20) + `"}`
	quoted, _ := json.Marshal(record)
	for _, text := range []struct{ name, s string }{
		{"record", record},
		{"item", `{"id":{"S":"0f8fad5b-d9cb-469f-a165-70867728950e"},"n":{"N":"12345.678"},"tags":{"SS":["a","b","c"]},"ok":{"BOOL":true}}`},
		{"quoted", string(quoted)},
		{"greek", `"` + strings.Repeat("κείμενο ", 100) + `"`},
	} {
		for impl, valid := range map[string]func([]byte) bool{"fanout": Valid, "encoding/json": json.Valid} {
			b.Run("text="+text.name+"/impl="+impl, func(b *testing.B) {
				data := []byte(text.s)
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if !valid(data) {
						b.Fatal("not valid")
					}
				}
			})
		}
	}
}
