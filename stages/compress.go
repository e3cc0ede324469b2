package stages

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"fanout/engine"
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
	w := compressors.Get().(*compressor)
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
	w.room = nil // the records have it
	compressors.Put(w)
}

// compressors holds idle compressors, because each has tables of up to a megabyte.
var compressors = sync.Pool{New: func() any { return new(compressor) }}

// compressor compresses one record after another. It runs no goroutines.
type compressor struct {
	buf  bytes.Buffer  // of gzip
	gzip *gzip.Writer  // nil until it is needed
	zstd *zstd.Encoder // nil until it is needed
	text []byte        // of zstd
	room []byte        // memory for compressed records
}

// roomSize is the memory, in bytes, that compressed records share.
const roomSize = 64 << 10

// zstdWindow is the window of a zstd encoder. It bounds its memory.
const zstdWindow = 1 << 20

// compress returns data in a format, in memory of its own.
func (w *compressor) compress(format Compression, data []byte) ([]byte, error) {
	switch format {
	case Gzip:
		if w.gzip == nil {
			w.gzip = gzip.NewWriter(nil)
		}
		w.buf.Reset()
		w.gzip.Reset(&w.buf)
		if _, err := w.gzip.Write(data); err != nil {
			return nil, err
		}
		if err := w.gzip.Close(); err != nil {
			return nil, err
		}
		return w.keep(w.buf.Bytes()), nil
	case Zstd:
		if w.zstd == nil {
			var err error
			if w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithZeroFrames(true)); err != nil {
				return nil, err
			}
		}
		w.text = w.zstd.EncodeAll(data, w.text[:0])
		return w.keep(w.text), nil
	default:
		return nil, fmt.Errorf("the format %v is unknown", format)
	}
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
