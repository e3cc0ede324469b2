package engine

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// decodeBase64 matches encoding/base64 for every length, with every byte at every
// position.
func TestDecodeBase64(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for n := range 300 {
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(rnd.Uint32())
		}
		text := base64.StdEncoding.AppendEncode(nil, want)
		got := make([]byte, decodedLen(text))
		decodeBase64(got, text)
		if !bytes.Equal(got, want) {
			t.Fatalf("%s is decoded as %x, want %x", text, got, want)
		}
	}
}

func BenchmarkDecodeBase64(b *testing.B) {
	text := base64.StdEncoding.AppendEncode(nil, make([]byte, 20_000))
	dst := make([]byte, decodedLen(text))
	for _, by := range []struct {
		name   string
		decode func(dst, text []byte)
	}{
		{"own", decodeBase64},
		{"standard", func(dst, text []byte) { _, _ = base64.StdEncoding.Decode(dst, text) }},
	} {
		b.Run("by="+by.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				by.decode(dst, text)
			}
		})
	}
}
