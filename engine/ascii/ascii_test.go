package ascii_test

import (
	"bytes"
	"testing"

	"fanout/engine/ascii"
)

// plain is Plain as RFC 8259 defines it.
func plain(c byte) bool { return c >= 0x20 && c <= 0x7F && c != '"' && c != '\\' }

// around are neighbors that may cause or receive a borrow.
var around = []byte{'a', ' ', '!', '#', '[', ']', 0x7F, '"', '\\', 0, 0x1F, 0x80, 0xFF}

// Each byte is classified correctly at each position of a word, beside other bytes.
func TestWords(t *testing.T) {
	for _, other := range around {
		for c := range 256 {
			for at := range 8 {
				word := bytes.Repeat([]byte{other}, 8)
				word[at] = byte(c)
				check(t, word)
			}
		}
	}
}

func check(t *testing.T, word []byte) {
	t.Helper()
	w := ascii.Word(word, 0)
	if w != ascii.Word("x"+string(word), 1) {
		t.Fatalf("%q is another word as a string", word)
	}
	first := func(found uint64, is func(byte) bool) {
		t.Helper()
		want := 0
		for want < len(word) && !is(word[want]) {
			want++
		}
		if got := ascii.First(found); got != want {
			t.Fatalf("%q: byte %d is found first, want %d", word, got, want)
		}
	}
	unprintable := func(c byte) bool { return c < ' ' || c >= 0x80 }
	first(ascii.Unprintable(w), unprintable)
	first(ascii.Special(w), func(c byte) bool { return !plain(c) })
	for i, c := range word {
		if c >= 0x80 {
			return // bytes above are undefined
		}
		if got, want := ascii.Quotes(w)>>(8*i)&0x80 != 0, c == '"' || c == '\\'; got != want {
			t.Fatalf("%q: byte %d is a quote: %v, want %v", word, i, got, want)
		}
	}
}

// Len ends at any byte that is not plain, at every position of texts of all
// lengths.
func TestLen(t *testing.T) {
	for c := range 256 {
		if got, want := ascii.Plain(byte(c)), plain(byte(c)); got != want {
			t.Errorf("%q is plain: %v, want %v", byte(c), got, want)
		}
		for n := 1; n < 80; n++ {
			for _, at := range []int{0, n / 3, n / 2, n - 1} {
				text := bytes.Repeat([]byte("a"), n)
				text[at] = byte(c)
				want := n
				if !plain(byte(c)) {
					want = at
				}
				if got := ascii.Len(text); got != want {
					t.Fatalf("%q has %d plain bytes at its start, want %d", text, got, want)
				}
				if got := ascii.Run(string(text)); got != want/32*32 {
					t.Fatalf("%q has a run of %d, want %d", text, got, want/32*32)
				}
			}
		}
	}
}
