package engine_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"

	"fanout/engine"
)

func TestPayloadForms(t *testing.T) {
	for _, data := range []string{"", "a", "ab", "abc", "abcd", "\x00\xff\xfe", "plain text"} {
		text := base64.StdEncoding.EncodeToString([]byte(data))
		slab := engine.NewPayloads(1)
		for name, p := range map[string]engine.Payload{
			"bytes":            engine.Bytes([]byte(data)),
			"text":             engine.Base64([]byte(text)),
			"slab bytes":       slab.Bytes([]byte(data)),
			"beyond the slab":  slab.Base64([]byte(text)),
			"asked for twice":  asked(engine.Base64([]byte(text))),
			"encoded, decoded": engine.Bytes(engine.Base64(engine.Bytes([]byte(data)).Text()).Bytes()),
		} {
			if p.Err() != nil {
				t.Errorf("%q as %s: Err() = %v", data, name, p.Err())
			}
			if got := string(p.Bytes()); got != data {
				t.Errorf("%q as %s: Bytes() = %q", data, name, got)
			}
			if got := string(p.Text()); got != text {
				t.Errorf("%q as %s: Text() = %q, want %q", data, name, got, text)
			}
			if p.Len() != len(data) || p.TextLen() != len(text) {
				t.Errorf("%q as %s: Len() = %d, TextLen() = %d; want %d, %d",
					data, name, p.Len(), p.TextLen(), len(data), len(text))
			}
		}
	}
}

func asked(p engine.Payload) engine.Payload {
	p.Bytes()
	p.Text()
	return p
}

func TestPayloadZeroIsEmpty(t *testing.T) {
	var p engine.Payload
	if p.Err() != nil || p.Len() != 0 || p.TextLen() != 0 || p.Bytes() != nil || p.Text() != nil || !p.IsText() {
		t.Errorf("the zero Payload is not empty text: %+v", p)
	}
}

func TestPayloadUnreadable(t *testing.T) {
	for _, text := range []string{"a", "ab", "abc", "ab=c", "====", "a===", "ab\nc", "ab c", "abc-", "abc_", "YQ==YQ=="} {
		p := engine.Base64([]byte(text))
		if p.Err() == nil {
			t.Errorf("base64 %q: no error", text)
		}
		if engine.ClassOf(p.Err()) != engine.Permanent {
			t.Errorf("base64 %q: class %v, want permanent", text, engine.ClassOf(p.Err()))
		}
		if p.Len() != 0 || len(p.Bytes()) != 0 {
			t.Errorf("base64 %q: has data", text)
		}
	}
	cause := errors.New("no data")
	if p := engine.Unreadable(cause); !errors.Is(p.Err(), cause) {
		t.Errorf("Err() = %v, want %v", p.Err(), cause)
	}
}

func TestPayloadIsText(t *testing.T) {
	for data, want := range map[string]bool{
		"": true, "plain": true, "tab\tline\r\n": true, "ünïcode 🎉": true, "\x7f\u0085": true, "�": true,
		"\x00": false, "a\x0bb": false, "\xff": false, "\xed\xa0\x80": false, "\ufffe": false, "x\uffff": false,
	} {
		if got := engine.Bytes([]byte(data)).IsText(); got != want {
			t.Errorf("IsText of %q = %v, want %v", data, got, want)
		}
	}
}

// A payload is never converted if nothing requests the other form, and only once if
// several callers do.
func TestPayloadConvertsOnce(t *testing.T) {
	text := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 1000)))
	p := engine.Base64(text)
	if n := testing.AllocsPerRun(100, func() { p.Len(); p.TextLen(); p.Text(); p.Err() }); n != 0 {
		t.Errorf("reading the form it came in takes %v allocations", n)
	}
	var wg sync.WaitGroup
	results := make([][]byte, 8)
	for i := range results {
		wg.Go(func() { results[i] = p.Bytes() })
	}
	wg.Wait()
	for _, r := range results {
		if &r[0] != &results[0][0] {
			t.Fatal("two callers got different conversions")
		}
	}
}

// AppendText appends the same text whether the conversion is kept or not. The first
// one is not kept.
func TestPayloadAppendsText(t *testing.T) {
	for name, p := range map[string]engine.Payload{
		"bytes": engine.Bytes([]byte("hello")), "text": engine.Base64([]byte("aGVsbG8=")), "none": {},
	} {
		want := "x" + string(p.Text())
		for range 3 {
			if got := string(p.AppendText([]byte("x"))); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	room, fresh := make([]byte, 0, 200), make([]engine.Payload, 11)
	for i := range fresh {
		fresh[i] = engine.Bytes(make([]byte, 100))
	}
	if n := testing.AllocsPerRun(10, func() { fresh[0].AppendText(room); fresh = fresh[1:] }); n > 0 {
		t.Errorf("%v allocations for the first who asks", n)
	}
}

// AppendBytes appends the same bytes as Bytes. The data is decoded once, at the
// first append.
func TestPayloadAppendsBytes(t *testing.T) {
	for name, p := range map[string]engine.Payload{
		"bytes": engine.Bytes([]byte("hello")), "text": engine.Base64([]byte("aGVsbG8=")),
		"no text": engine.Base64(nil), "bad text": engine.Base64([]byte("!")), "none": {},
	} {
		want := "x"
		if p.Len() > 0 {
			want += "hello"
		}
		for _, room := range []int{0, 100, 0} {
			b := append(make([]byte, 0, 1+room), 'x')
			if got := string(p.AppendBytes(b)); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	p := engine.Base64([]byte("aGVsbG8="))
	b := p.AppendBytes(make([]byte, 0, 100))
	if got := p.Bytes(); &got[0] != &b[0] || cap(got) != len(got) {
		t.Errorf("what was appended is not what Bytes gives, or leaves room for others to write into: %d of %d bytes", len(got), cap(got))
	}
}

// KnownText is not scanned.
func TestKnownText(t *testing.T) {
	if p := engine.KnownText([]byte("\x00")); !p.IsText() || string(p.Bytes()) != "\x00" || p.Encoded() {
		t.Errorf("%q is text: %v", p.Bytes(), p.IsText())
	}
}

// Records decoded together are each decoded once, with the same result as alone.
func TestDecode(t *testing.T) {
	recs := []engine.Record{
		{Data: engine.Base64([]byte("b25l"))}, {}, {Data: engine.Bytes([]byte("bytes"))},
		{Data: engine.Base64([]byte("dHdv"))}, {Data: engine.Base64([]byte("!"))}, {Data: engine.Base64(nil)}, {Data: engine.Base64([]byte("dGhyZWUuLi4uLi4uLg=="))},
	}
	recs = append(recs, recs[0]) // shares its data
	early := recs[3].Data.Bytes()
	engine.DecodeBase64(recs)
	for i, want := range []string{"one", "", "bytes", "two", "", "", "three........", "one"} {
		if got := string(recs[i].Data.Bytes()); got != want {
			t.Errorf("record %d is %q, want %q", i, got, want)
		}
	}
	if again := recs[3].Data.Bytes(); &again[0] != &early[0] {
		t.Error("a record was decoded twice")
	}
	if n := testing.AllocsPerRun(10, func() { engine.DecodeBase64(recs) }); n > 0 {
		t.Errorf("%v allocations when there is nothing to decode", n)
	}
}

func TestPayloadJSON(t *testing.T) {
	p := engine.Bytes([]byte("{}"))
	if p.KnownJSON() {
		t.Error("known to be JSON before it is marked")
	}
	if p.MarkJSON(); !p.KnownJSON() {
		t.Error("not known to be JSON after it is marked")
	}
	var none engine.Payload
	if none.MarkJSON(); none.KnownJSON() {
		t.Error("nothing is JSON")
	}
}

func FuzzPayloadBase64(f *testing.F) {
	for _, s := range []string{"", "YQ==", "YWI=", "YWJj", "Y", "YQ=", "Y===", "YQ==\n", "@@@@"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := engine.Base64(text)
		want, err := base64.StdEncoding.DecodeString(string(text))
		if bytes.ContainsAny(text, "\r\n") {
			err = errors.New("line breaks are not taken")
		}
		if (p.Err() == nil) != (err == nil) {
			t.Fatalf("Err() = %v, encoding/base64 says %v", p.Err(), err)
		}
		if err == nil && (!bytes.Equal(p.Bytes(), want) || p.Len() != len(want)) {
			t.Fatalf("%q, %d bytes; want %q", p.Bytes(), p.Len(), want)
		}
	})
}

func ExamplePayload() {
	p := engine.Base64([]byte("aGVsbG8="))
	fmt.Println(p.Len(), string(p.Text())) // neither decodes
	fmt.Println(string(p.Bytes()))
	// Output:
	// 5 aGVsbG8=
	// hello
}

func BenchmarkPayload(b *testing.B) {
	text := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 1024)))
	b.Run("check", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			engine.Base64(text)
		}
	})
	b.Run("text", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			engine.Bytes(text).IsText()
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			engine.Base64(text).Bytes()
		}
	})
}

// TestPayloadEveryByte checks the scans that read eight bytes at a time, for every
// byte at each position among bytes at the edges of ranges.
func TestPayloadEveryByte(t *testing.T) {
	for c := range 256 {
		for place := range 16 {
			for _, fill := range []byte("AZaz09+/") {
				b := bytes.Repeat([]byte{fill}, 16)
				b[place] = byte(c)
				if _, err := base64.StdEncoding.Strict().DecodeString(string(b)); c != '\n' && c != '\r' && c != '=' {
					if got := engine.Base64(b).Err(); (got == nil) != (err == nil) {
						t.Errorf("%q as base64: %v; encoding/base64 says %v", b, got, err)
					}
				}
				if got, want := engine.Bytes(b).IsText(), c >= ' ' && c < 0x80 || c == '\t' || c == '\n' || c == '\r'; got != want {
					t.Errorf("%q is text: %v", b, got)
				}
			}
		}
	}
}
