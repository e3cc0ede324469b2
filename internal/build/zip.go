package build

import (
	"archive/zip"
	"compress/flate"
	"io"
	"os"
	"path/filepath"
)

// Zip writes a zip archive that holds one executable file, with the same bytes whenever the
// file has the same: no time, no owner, no path.
func Zip(archive, file string) (err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
	}()
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	h := &zip.FileHeader{Name: filepath.Base(file), Method: zip.Deflate}
	h.SetMode(0o755) // Lambda runs it
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	return z.Close()
}
