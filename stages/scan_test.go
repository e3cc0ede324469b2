package stages

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScannerNesting(t *testing.T) {
	for depth, want := range map[int]bool{maxDepth: true, maxDepth + 1: false} {
		b := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		s := scanner{b: b}
		if got := s.value(0) && s.end(); got != want || got != json.Valid(b) {
			t.Errorf("%d levels: %v, want %v and encoding/json says %v", depth, got, want, json.Valid(b))
		}
	}
}

// FuzzScanner compares with encoding/json, which also accepts strings that are not
// UTF-8.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{
		``, ` `, `{}`, `[]`, ` { "a" : [ 1 , -0.5e+7 , true , false , null , "\u00e9\n" ] , "b" : { } } `,
		`{,}`, `[,]`, `[1,]`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{1:2}`, `[1 2]`, `{"a":1 "b":2}`, `{"a":1]`, `[1}`,
		`01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `0x1`, `1 2`, `tru`, `nul`, `truer`, `"`, `"\`, `"\u12`, `"\u12x4"`, `"\x"`,
		"\"\x00\"", "\"\n\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\ufffe\uffff\"", `"\ud800"`, "\ufeff{}", "\x00", "[\x00]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := scanner{b: b}
		got := s.value(0) && s.end()
		if want := json.Valid(b) && utf8.Valid(b); got != want {
			t.Errorf("%q: %v (%s at %d), want %v", b, got, s.why, s.i, want)
		}
		if got != (s.why == "") || s.i > len(b) {
			t.Errorf("%q: %v with reason %q at %d", b, got, s.why, s.i)
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	text := []byte(`{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","at":1763853600.125,"name":"Ünsal \"the\" Smith",` +
		`"tags":["a","b","c"],"ok":true,"none":null,"text":"` + strings.Repeat("some ordinary words ", 20) + `"}`)
	for name, valid := range map[string]func([]byte) bool{
		"impl=fanout": func(b []byte) bool { s := scanner{b: b}; return s.value(0) && s.end() },
		"impl=json":   json.Valid,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if !valid(text) {
					b.Fatal("not valid")
				}
			}
		})
	}
}
