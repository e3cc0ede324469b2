package stages

import (
	"context"

	"fanout/engine"
	"fanout/internal/compress"
)

// Compress compresses the data of each record, or of each message that Collapse made, as a
// gzip member or a zstd frame of its own. Members and frames may be joined to one stream.
// The same data always becomes the same bytes.
type Compress struct {
	Format Compression // Gzip or Zstd
}

// Name returns "compress" and the format.
func (c Compress) Name() string { return "compress " + c.Format.String() }

// Process compresses each record separately.
func (c Compress) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	w := compressor{Compressor: compress.Get()}
	defer w.Free()
	cells := engine.NewPayloads(len(in))
	out.Grow(len(in))
	for _, r := range in {
		data, err := w.compress(c.Format, r.Data.Bytes())
		if err != nil {
			out.Fail(r, engine.Errorf(engine.Permanent, "the data cannot be compressed: %w", err))
			continue
		}
		out.Emit(r.With(cells.Bytes(data)))
	}
}

// compressor compresses one record after another.
type compressor struct {
	*compress.Compressor
	text []byte // of a record
	room []byte // memory that compressed records share
}

// roomSize is the memory, in bytes, that compressed records share.
const roomSize = 64 << 10

// compress returns data in a format, in memory of its own.
func (w *compressor) compress(format Compression, data []byte) (_ []byte, err error) {
	if w.text, err = w.Append(w.text[:0], format.String(), data); err != nil {
		return nil, err
	}
	return w.keep(w.text), nil
}

// keep returns a copy of b.
func (w *compressor) keep(b []byte) []byte {
	if len(b) > cap(w.room)-len(w.room) {
		w.room = make([]byte, 0, max(roomSize, len(b)))
	}
	start := len(w.room)
	w.room = append(w.room, b...)
	return w.room[start:len(w.room):len(w.room)]
}
