package jsonscan

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// decode reads a value into the types of encoding/json.
func decode(c *Cursor) (any, bool) {
	switch c.Peek() {
	case '{':
		m := map[string]any{}
		_, ok := c.Object(func(name Value) (ok bool) {
			m[string(name.Content())], ok = decode(c)
			return ok
		})
		return m, ok
	case '[':
		list := []any{}
		_, ok := c.Array(func() bool {
			element, ok := decode(c)
			list = append(list, element)
			return ok
		})
		return list, ok
	}
	v, ok := c.Value()
	switch v.Kind {
	case Plain, Escaped:
		return string(v.Content()), ok
	case Number:
		return json.Number(v.Raw), ok
	case Boolean:
		return string(v.Raw) == "true", ok
	default:
		return nil, ok
	}
}

// FuzzDecode compares the values that a Cursor finds with those of encoding/json.
func FuzzDecode(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"\u0061\ud83d\ude00\ud800\u0041":"\"\\\/\b\f\n\r\t\u20ac","":[[],{}],"a":1,"a":"2"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := Cursor{Text: b}
		got, ok := decode(&c)
		ok = ok && c.End()
		if want := json.Valid(b) && utf8.Valid(b); ok != want {
			t.Fatalf("%q: %v (%s at %d), want %v", b, ok, c.Why, c.Pos, want)
		}
		if !ok {
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is %#v, want %#v", b, got, want)
		}
	})
}

// A value that is not an object or array is read as it is.
func TestOtherValues(t *testing.T) {
	never := func() bool { t.Error("there is no element"); return false }
	for text, want := range map[string]Kind{
		`null`: Null, ` true`: Boolean, `-1`: Number, `"a"`: Plain, `"\n"`: Escaped, `[]`: Array, `{}`: Object,
	} {
		c := Cursor{Text: []byte(text)}
		v, ok := c.Object(func(Value) bool { return never() })
		if !ok || v.Kind != want || !c.End() {
			t.Errorf("%s is %v, want %v", text, v.Kind, want)
		}
		c = Cursor{Text: []byte(text)}
		if v, ok = c.Array(never); !ok || v.Kind != want || !c.End() {
			t.Errorf("%s is %v, want %v", text, v.Kind, want)
		}
		if v.IsString() != (text[0] == '"') || v.Given() != (text != "null") || (v.Content() != nil) != v.IsString() {
			t.Errorf("%s is a string: %v, given: %v, content %q", text, v.IsString(), v.Given(), v.Content())
		}
	}
}

func TestIsNumber(t *testing.T) {
	for _, text := range []string{"0", "-0", "10", "1.5", "-1.05e+10", "1E5", "1e-5", "", "-", "01", "1.", ".5", "1e", "1e+", "+1", "1 ", " 1", "1x", "x"} {
		want := json.Valid([]byte(text)) && strings.TrimSpace(text) == text
		if got := IsNumber([]byte(text)); got != want {
			t.Errorf("%q is a number: %v, want %v", text, got, want)
		}
	}
}

// Mark finds a byte at every position, also in long text.
func TestMark(t *testing.T) {
	for c := range 256 {
		for at := range 80 {
			for _, fill := range []string{"é~ !#[]z", "abcdefgh"} {
				text := []byte(strings.Repeat(fill, 11))
				text[at] = byte(c)
				want := len(text)
				if c == '"' || c == '\\' || c < ' ' {
					want = at
				}
				for from := range min(at, 9) {
					if got := Mark(text, from); got != want {
						t.Fatalf("byte %#x at %d, from %d: got %d, want %d", c, at, from, got, want)
					}
				}
			}
		}
	}
}

// Skip takes the text as it is.
func TestSkip(t *testing.T) {
	c := Cursor{Text: []byte(`ab c`)}
	if c.Skip([]byte("b")) || c.Skip([]byte("ab cd")) || !c.Skip([]byte("ab")) || c.Skip([]byte("c")) || c.Pos != 2 {
		t.Errorf("the cursor is at %d, want 2", c.Pos)
	}
	if got := string(c.Since(1)); got != "b" {
		t.Errorf("since 1 there was %q, want b", got)
	}
}

// FuzzTokens compares with encoding/json.
func FuzzTokens(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text))
	}
	f.Add([]byte("{\r\n\t\"a b\\\" \\\\\": [ 1, 2 ]\n}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got []byte
		Tokens(b, func(part []byte) {
			if len(part) == 0 {
				t.Fatalf("%q has an empty part", b)
			}
			got = append(got, part...)
		})
		var want bytes.Buffer
		if err := json.Compact(&want, b); err == nil && !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("%q became %q, want %q", b, got, want.Bytes())
		}
	})
}
