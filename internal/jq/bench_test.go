package jq

import (
	"fmt"
	"strings"
	"testing"
)

// order is a record of 1 KiB.
func order() []byte {
	return fmt.Appendf(nil, `{"order":"A-4711","total":129.90,"customer":{"id":"c-17","name":"Ada"},"lines":[{"sku":"x-1","n":2},{"sku":"x-2","n":1}],"note":"%s"}`, strings.Repeat("n", 880))
}

func BenchmarkRun(b *testing.B) {
	for _, program := range []string{`{id: .order, total}`, `.customer.id`, `.total + 1`, `.`} {
		b.Run(program, func(b *testing.B) {
			p, err := Compile(program)
			if err != nil {
				b.Fatal(err)
			}
			r := &Record{Data: order()}
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Run(b.Context(), r, false, func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
