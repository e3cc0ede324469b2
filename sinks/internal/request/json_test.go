package request

import (
	"bytes"
	"strings"
	"testing"
)

// TestAppendJSON asserts that each byte that needs an escape gets one at every position,
// also with quotes around, the same as one by one.
func TestAppendJSON(t *testing.T) {
	for c := range 256 {
		for n := 1; n < 60; n++ {
			for _, at := range []int{n / 3, n / 2, n - 1} {
				text := []byte(strings.Repeat(`name":"\ü`, 8)[:n])
				if n%2 > 0 {
					text = bytes.Repeat([]byte("a"), n)
				}
				text[at] = byte(c)
				want := []byte(`"`)
				for i := 0; i < len(text); {
					want, i = appendChar(want, text, i)
				}
				want = append(want, '"')
				if got := AppendJSON(nil, text); !bytes.Equal(got, want) {
					t.Fatalf("%q is %s, want %s", text, got, want)
				}
				if got := AppendJSON([]byte("before"), string(text)); string(got) != "before"+string(want) {
					t.Fatalf("%q is %s, want %s behind what was there", text, got, want)
				}
			}
		}
	}
}

// BenchmarkAppendJSON measures the cost of escapes: none, a quote every few bytes as in
// JSON within JSON, and text that is not ASCII.
func BenchmarkAppendJSON(b *testing.B) {
	for name, text := range map[string]string{
		"plain": strings.Repeat("plain text ", 1000),
		"json":  strings.Repeat(`{"name":"value","n":12345},`, 400),
		"greek": strings.Repeat("κείμενο ", 700),
	} {
		b.Run(name, func(b *testing.B) {
			var buf []byte
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				buf = AppendJSON(buf[:0], text)
			}
		})
	}
}
