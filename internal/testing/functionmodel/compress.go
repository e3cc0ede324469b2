package functionmodel

import (
	"bytes"
	"compress/gzip"
	"io"
)

// Data is compressed as gzip alone: the function keeps encoders and decoders of zstd, which have
// channels, and a channel cannot leave the bubble of a world.
const (
	gzipFormat = "gzip"
	gzipMagic  = "\x1f\x8b"
)

// compress returns data as gzip.
func compress(data string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, data)
	_ = w.Close()
	return b.String()
}

// inflate returns data without its compression, and whether it had one. If data is cut off, all of
// it before the cut is returned.
func inflate(data string) (plain string, compressed bool) {
	if len(data) < len(gzipMagic) || data[:len(gzipMagic)] != gzipMagic {
		return data, false
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(data)))
	if err != nil {
		return data, false
	}
	text, _ := io.ReadAll(r)
	return string(text), true
}

// decompresses reports whether t decompresses r.
func (t *modelTarget) decompresses(r *sourceRecord) bool {
	return r.compressed && t.spec.Decompress != ""
}

// cannotDecompress reports whether t has to decompress r and cannot.
func (t *modelTarget) cannotDecompress(r *sourceRecord) bool {
	switch t.spec.Decompress {
	case gzipFormat:
		return !r.compressed || r.flaw == brokenGzip
	case "auto":
		return r.flaw == brokenGzip
	}
	return false
}
