// Package compress compresses data as a gzip member or a zstd frame. The same data always
// becomes the same bytes.
package compress

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The formats.
const (
	Gzip = "gzip"
	Zstd = "zstd"
)

// Compressor compresses one text after another. It runs no goroutines.
type Compressor struct {
	gzip *gzip.Writer  // nil until it is needed
	zstd *zstd.Encoder // nil until it is needed
}

// compressors are idle compressors, because each has tables of up to a megabyte.
var compressors = sync.Pool{New: func() any { return new(Compressor) }}

// Get returns an idle compressor.
func Get() *Compressor {
	c, _ := compressors.Get().(*Compressor)
	return c
}

// Free returns c for the next Get.
func (c *Compressor) Free() { compressors.Put(c) }

// window is the window of a zstd encoder. It bounds its memory.
const window = 1 << 20

// Append appends data in a format.
func (c *Compressor) Append(dst []byte, format string, data []byte) ([]byte, error) {
	switch format {
	case Gzip:
		out := bytes.NewBuffer(dst)
		if c.gzip == nil {
			c.gzip = gzip.NewWriter(nil)
		}
		c.gzip.Reset(out)
		if _, err := c.gzip.Write(data); err != nil {
			return dst, err
		}
		err := c.gzip.Close()
		return out.Bytes(), err
	case Zstd:
		if c.zstd == nil {
			var err error
			if c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithZeroFrames(true)); err != nil {
				return dst, err
			}
		}
		return c.zstd.EncodeAll(data, dst), nil
	}
	return dst, fmt.Errorf("the format %q is unknown", format)
}
