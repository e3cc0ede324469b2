package compress

import (
	"bytes"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func TestAppend(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("order "), 1<<18)} {
		for format, open := range map[string]func(io.Reader) (io.Reader, error){
			Gzip: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
			Zstd: func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
		} {
			c := Get()
			packed, err := c.Append([]byte("before"), format, data)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := c.Append(nil, format, data)
			c.Free()
			rest, ok := bytes.CutPrefix(packed, []byte("before"))
			if !ok || !bytes.Equal(rest, again) {
				t.Errorf("%s: the same data became other bytes", format)
			}
			r, err := open(bytes.NewReader(rest))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes came back of %d: %v", format, len(got), len(data), err)
			}
		}
	}
	if _, err := new(Compressor).Append(nil, "zip", nil); err == nil {
		t.Error("the format zip was taken")
	}
}
