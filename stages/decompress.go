package stages

import (
	"context"
	"fmt"

	"fanout/engine"
)

// Decompress decompresses the data of records. A record whose data cannot be
// decompressed fails alone.
//
// Data has one or more gzip members (RFC 1952) or zstd frames (RFC 8878), one after
// another, and nothing behind them. Dictionaries are not supported.
type Decompress struct {
	Format Compression // Auto decompresses data that begins like gzip or zstd, and passes other data unchanged

	// Bytes bounds the decompressed data of a lane. Later compressed records
	// fail, to come again in another batch. The record that exceeds the bound still
	// passes. 0 sets no bound.
	Bytes int
}

// MaxDecompressed is the most bytes that one record may decompress to. It stops
// bombs, which decompress to more than a thousand times their size.
const MaxDecompressed = 16 << 20

// Name returns "decompress" and the format.
func (d Decompress) Name() string { return "decompress " + d.Format.String() }

// Process decompresses each record separately.
func (d Decompress) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	u := decompressors.Get().(*decompressor)
	var cells *engine.Payloads
	out.Grow(len(in))
	for i, r := range in {
		format := d.formatOf(r.Data)
		switch {
		case format == Uncompressed:
			out.Emit(r)
			continue
		case d.Bytes > 0 && out.Use(0) >= d.Bytes:
			out.Fail(r, engine.Errorf(engine.Retryable, "the data of the batch decompresses to more than %d bytes, so this record must come again; lower the batch size of the event source mapping, or give the function more memory", d.Bytes))
			continue
		}
		data, err := u.decompress(format, r.Data.Bytes())
		if err != nil {
			out.Fail(r, engine.Errorf(engine.Permanent, "the data cannot be decompressed: %w", err))
			continue
		}
		if cells == nil {
			cells = engine.NewPayloads(len(in) - i)
		}
		out.Use(len(data))
		out.EmitWithSource(r.With(cells.Bytes(data)), r.Raw)
	}
	decompressors.Put(u) // not after a panic
}

// formatOf returns the format of data.
func (d Decompress) formatOf(data engine.Payload) Compression {
	switch {
	case d.Format != Auto:
		return d.Format
	case begins(data, gzipMagic, gzipText):
		return Gzip
	case begins(data, zstdMagic, zstdText):
		return Zstd
	}
	return Uncompressed
}

// The first bytes of compressed data, and the first characters of their base64 text.
const (
	gzipMagic, gzipText = "\x1f\x8b\x08", "H4sI"      // RFC 1952, with the only method
	zstdMagic, zstdText = "\x28\xb5\x2f\xfd", "KLUv/" // 30 of its 32 bits
)

// begins reports whether data begins with magic. It looks at base64 text first, which
// rules out nearly all other data without decoding it.
func begins(data engine.Payload, magic, text string) bool {
	if data.Len() < len(magic) || data.Encoded() && string(data.Text()[:len(text)]) != text {
		return false
	}
	return string(data.Bytes()[:len(magic)]) == magic
}

// Compression is a format of compressed data.
type Compression uint8

// The formats, with the names that ParseCompression takes.
const (
	Uncompressed Compression = iota // "none"
	Gzip                            // "gzip"
	Zstd                            // "zstd"
	Auto                            // "auto": gzip or zstd, as the data begins; for reading
)

var compressions = [...]string{Uncompressed: "none", Gzip: "gzip", Zstd: "zstd", Auto: "auto"}

// String returns the format's name.
func (c Compression) String() string {
	if int(c) < len(compressions) {
		return compressions[c]
	}
	return fmt.Sprintf("compression %d", uint8(c))
}

// ParseCompression returns the format with exactly that name; "" is Uncompressed.
func ParseCompression(name string) (Compression, error) {
	for c, n := range compressions {
		if n == name {
			return Compression(c), nil
		}
	}
	if name == "" {
		return Uncompressed, nil
	}
	return Uncompressed, fmt.Errorf("%q is not a compression: use gzip, zstd or auto", name)
}
