package sinks

import (
	"strings"
	"testing"
)

// BenchmarkAppendJSON shows what escapes cost: none, a quote every few bytes as in
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
				buf = appendJSON(buf[:0], text)
			}
		})
	}
}
