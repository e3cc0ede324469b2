package jsontext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// oneByOne writes the same as AppendString, one character at a time.
func oneByOne(s string) string {
	text := []byte(`"`)
	for i := 0; i < len(s); {
		c, size, escape := char(s, i)
		if escape {
			text = appendEscaped(text, c)
		} else {
			text = append(text, s[i:i+size]...)
		}
		i += size
	}
	return string(append(text, '"'))
}

// Each byte that needs an escape gets one at every position, also with quotes around.
func TestAppendString(t *testing.T) {
	for c := range 256 {
		for n := 1; n < 60; n++ {
			for _, at := range []int{n / 3, n / 2, n - 1} {
				text := []byte(strings.Repeat(`name":"\ü`, 8)[:n])
				if n%2 > 0 {
					text = bytes.Repeat([]byte("a"), n)
				}
				text[at] = byte(c)
				check(t, text)
			}
		}
	}
}

// check compares the ways to write text.
func check(t *testing.T, text []byte) {
	t.Helper()
	want := oneByOne(string(text))
	if got := string(AppendString(nil, text)); got != want {
		t.Fatalf("%q is %s, want %s", text, got, want)
	}
	if got := string(AppendString([]byte("before"), string(text))); got != "before"+want {
		t.Fatalf("%q is %s, want %s behind what was there", text, got, want)
	}
	if got := `"` + string(Append(nil, text)) + `"`; got != want {
		t.Fatalf("%q without quotes is %s, want %s", text, got, want)
	}
	n, ok := StringLen(text)
	if ok != utf8.Valid(text) || ok && n != len(want) {
		t.Fatalf("the length of %q is %d, want %d; UTF-8: %v", text, n, len(want), ok)
	}
	if again, same := StringLen(string(text)); again != n || same != ok {
		t.Fatalf("the length of %q as a string is %d, want %d; UTF-8: %v", text, again, n, same)
	}
}

// FuzzAppendString compares with encoding/json, which has two more short escapes.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{
		"", "plain", "customer-1234567", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "ключ \u2028\u2029 😀", "\xff\xfeab\xc3", "<&>", "\ufffd\ufffe\uffff",
		"\xed\xa0\x80", `{"name":"Jürgen \"the\" Smith","n":[1,2,3]}`, strings.Repeat("漢字", 20) + "\xe2\x80",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		check(t, []byte(s))
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		_ = e.Encode(s)
		long := bytes.ReplaceAll(bytes.TrimSuffix(want.Bytes(), []byte("\n")), []byte(`\\`), []byte("\x00"))
		long = bytes.ReplaceAll(bytes.ReplaceAll(long, []byte(`\b`), []byte(`\u0008`)), []byte(`\f`), []byte(`\u000c`))
		long = bytes.ReplaceAll(long, []byte("\x00"), []byte(`\\`))
		if got := AppendString(nil, s); !bytes.Equal(got, long) {
			t.Fatalf("%q is %s, want %s", s, got, long)
		}
	})
}

func ExampleAppendString() {
	fmt.Println(string(AppendString([]byte("key: "), "a \"b\"\n")))
	// Output: key: "a \"b\"\n"
}

// BenchmarkAppendString measures the cost of escapes: none, a quote every few bytes as in
// JSON within JSON, and text that is not ASCII.
func BenchmarkAppendString(b *testing.B) {
	for _, text := range []struct{ name, s string }{
		{"key", "customer-1234"},
		{"plain", strings.Repeat("plain text ", 1000)},
		{"json", strings.Repeat(`{"name":"value","n":12345},`, 400)},
		{"greek", strings.Repeat("κείμενο ", 700)},
	} {
		b.Run("text="+text.name, func(b *testing.B) {
			var buf []byte
			b.SetBytes(int64(len(text.s)))
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendString(buf[:0], text.s)
			}
		})
	}
}

func BenchmarkStringLen(b *testing.B) {
	text := strings.Repeat(`{"name":"value","n":12345},`, 400)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		StringLen(text)
	}
}
