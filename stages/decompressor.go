package stages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decompressors holds idle decompressors, because each has tables and windows.
var decompressors = sync.Pool{New: func() any { return new(decompressor) }}

// decompressor decompresses one record after another. It runs no goroutines.
type decompressor struct {
	in   bytes.Reader
	gzip gzip.Reader
	zstd *zstd.Decoder // nil until it is needed
}

// Reasons why data cannot be decompressed.
var (
	errTooLarge  = fmt.Errorf("it has more than %d bytes when decompressed, which is the limit", MaxDecompressed)
	errTruncated = errors.New("it ends too early")
	errBehind    = errors.New("it goes on behind its end")
)

func errNot(format Compression) error {
	return fmt.Errorf("it is not %v; if other records are, write auto instead", format)
}

func (u *decompressor) decompress(format Compression, data []byte) ([]byte, error) {
	switch format {
	case Gzip:
		return u.gunzip(data)
	case Zstd:
		return u.unzstd(data)
	default:
		return nil, fmt.Errorf("the format %v is unknown", format)
	}
}

// gunzip decompresses all gzip members of data.
func (u *decompressor) gunzip(data []byte) ([]byte, error) {
	u.in.Reset(data)
	defer u.in.Reset(nil)
	if err := u.gzip.Reset(&u.in); errors.Is(err, gzip.ErrHeader) {
		return nil, errNot(Gzip)
	} else if err != nil {
		return nil, gzipFault(err)
	}
	b := make([]byte, 0, gzipSize(data))
	for {
		n, err := u.gzip.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case errors.Is(err, io.EOF) && len(b) <= MaxDecompressed:
			return b, nil
		case len(b) > MaxDecompressed:
			return nil, errTooLarge
		case err != nil:
			return nil, gzipFault(err)
		case len(b) == cap(b):
			b = append(b, 0)[:len(b)]
		}
	}
}

// Limits of what the length of gzip data says about the size of its content.
const (
	maxDeflate = 1032 // the most bytes that one byte of deflate data decompresses to
	gzipFrame  = 18   // bytes of the shortest header, and of the trailer
)

// gzipSize returns the room for the content of gzip data: the size that the last member
// claims, if that is possible, and one byte more, so that reading it finds the end.
func gzipSize(data []byte) int {
	if len(data) < gzipFrame {
		return 1
	}
	claimed := binary.LittleEndian.Uint32(data[len(data)-4:])
	return min(int(claimed), (len(data)-gzipFrame+1)*maxDeflate, MaxDecompressed) + 1
}

// gzipFault says why data is not gzip, without quoting it.
func gzipFault(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errTruncated
	case errors.Is(err, gzip.ErrHeader):
		return errBehind
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("it is gzip with a wrong checksum")
	case errors.As(err, &corrupt):
		return fmt.Errorf("it is damaged gzip, at byte %d", int64(corrupt))
	}
	return errors.New("it is damaged gzip")
}

// unzstd decompresses all zstd frames of data.
func (u *decompressor) unzstd(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, errTruncated
	}
	if u.zstd == nil {
		var err error
		u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(MaxDecompressed), zstd.WithDecoderMaxWindow(MaxDecompressed))
		if err != nil {
			return nil, err
		}
	}
	b, err := u.zstd.DecodeAll(data, nil)
	if errors.Is(err, zstd.ErrMagicMismatch) && len(b) == 0 {
		return nil, errNot(Zstd)
	} else if err != nil {
		return nil, zstdFault(err)
	}
	return b, nil
}

// zstdFault says why data is not zstd, without quoting it.
func zstdFault(err error) error {
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return errTooLarge
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("it needs a window of more than %d bytes, which is the limit; compress it with a smaller one", MaxDecompressed)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errTruncated
	case errors.Is(err, zstd.ErrMagicMismatch):
		return errBehind
	case errors.Is(err, zstd.ErrCRCMismatch):
		return errors.New("it is zstd with a wrong checksum")
	case errors.Is(err, zstd.ErrUnknownDictionary):
		return errors.New("it needs a dictionary, which fanout does not have")
	}
	return errors.New("it is damaged zstd")
}
