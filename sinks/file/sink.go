// Package file delivers records to a file, a line of JSON each.
package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"fanout/engine"
	safe "fanout/engine/plain"
)

// Sink writes records as lines of JSON, for demos, tests and the command line:
//
//	{"key":"a","hashKey":"…","shard":"shardId-000000000000","sequence":"495…","sub":1,
//	 "action":"PUT","arrived":"2026-11-22T08:00:00.000Z","data":"text"}
//
// on one line. Data that is not UTF-8 goes to data64 in base64 instead. Fields without a
// value are left out. A request is written at once, whole or not at all. Only the owner
// can read a new file.
type Sink struct {
	name string
	mu   *sync.Mutex
	open func() (io.WriteCloser, error)
}

// fileLocks has a mutex for each path. When several targets share a file and one undoes a
// partial write, the mutex keeps the others from writing in between.
var fileLocks sync.Map // cleaned path → *sync.Mutex

// New returns a sink that appends to the file at path. If path is "-" it writes to
// standard output and escapes characters that act on a terminal. Each request opens the
// file, so the file may be moved away at any time; a missing file is created.
func New(path string) *Sink {
	if path == "-" {
		return newFile(path, path, func() (io.WriteCloser, error) { return nopCloser{safe.Writer{W: os.Stdout}}, nil })
	}
	place := path
	if abs, err := filepath.Abs(path); err == nil { // the working directory may change
		place = abs
	}
	return newFile(path, place, func() (io.WriteCloser, error) {
		return os.OpenFile(place, appending, 0o600)
	})
}

// NewBelow is like New for an untrusted path. The path is relative to the folder dir, and
// cannot leave it by .. or by a symbolic link. An existing file must be a regular one.
func NewBelow(dir, path string) *Sink {
	return newFile(path, filepath.Join(dir, path), func() (io.WriteCloser, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = root.Close() }() // the open file stays valid
		return openRegular(root, path)
	})
}

var errNotRegular = errors.New("it is not a regular file; move it away, or name another one")

// openRegular opens a regular file for appending. A named pipe, which blocks until
// a process reads it, is an error.
func openRegular(root *os.Root, path string) (io.WriteCloser, error) {
	file, err := root.OpenFile(path, appending|syscall.O_NONBLOCK, 0o600)
	if errors.Is(err, syscall.ENXIO) { // a named pipe without a reader
		return nil, errNotRegular
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

const appending = os.O_APPEND | os.O_CREATE | os.O_WRONLY

// newFile returns a sink that opens its file with open. Sinks with the same place write
// one after another.
func newFile(path, place string, open func() (io.WriteCloser, error)) *Sink {
	if abs, err := filepath.Abs(place); err == nil && path != "-" {
		place = abs
	}
	mu, _ := fileLocks.LoadOrStore(place, new(sync.Mutex))
	return &Sink{name: "file " + path, mu: mu.(*sync.Mutex), open: open} //nolint:forcetypeassert // the map holds nothing else
}

// NewWriter returns a sink that writes the same lines to w, one request at a time.
func NewWriter(w io.Writer) *Sink {
	return &Sink{"writer", new(sync.Mutex), func() (io.WriteCloser, error) { return nopCloser{w}, nil }}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// String returns "file", a space and the path.
func (f *Sink) String() string { return f.name }

// Limits returns no limits.
func (f *Sink) Limits() engine.Limits { return engine.Limits{} }

// line is a record in the file.
type line struct {
	Key      string  `json:"key,omitempty"`
	HashKey  string  `json:"hashKey,omitempty"`
	Shard    string  `json:"shard,omitempty"`
	Sequence string  `json:"sequence,omitempty"`
	Sub      int     `json:"sub,omitempty"`
	Action   string  `json:"action,omitempty"`
	Arrived  string  `json:"arrived,omitempty"`
	Data     *string `json:"data,omitempty"`
	Data64   []byte  `json:"data64,omitempty"`
}

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Send writes the lines of batch at once.
func (f *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	if ctx.Err() != nil {
		return engine.Failed(engine.Errorf(engine.Retryable, "%s: stopped before it was written to", f.name))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i := range batch {
		if err := e.Encode(lineOf(&batch[i])); err != nil {
			return engine.Failed(engine.Errorf(engine.Permanent, "%s: %w", f.name, err))
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.write(b.Bytes()); err != nil {
		return engine.Failed(&engine.Error{Class: fileClass(err), Err: fmt.Errorf("%s: %w", f.name, err)})
	}
	return engine.Outcome{}
}

func lineOf(r *engine.Record) line {
	l := line{Key: r.Key, HashKey: r.HashKey, Shard: r.Lane, Sequence: r.Seq, Sub: r.Sub, Action: r.Action}
	if r.Arrived != 0 {
		l.Arrived = time.UnixMilli(r.Arrived).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	if data := r.Data.Bytes(); utf8.Valid(data) {
		text := string(data)
		l.Data = &text
	} else {
		l.Data64 = data
	}
	return l
}

// write writes b, and undoes a partial write.
func (f *Sink) write(b []byte) error {
	w, err := f.open()
	if err != nil {
		return err
	}
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil && n > 0 {
		undo(w, n)
	}
	if closing := w.Close(); err == nil {
		err = closing
	}
	return err
}

// undo removes the last n bytes written, if w is a regular file and nothing was written
// after them.
func undo(w io.Writer, n int) {
	file, ok := w.(interface {
		io.Seeker
		Stat() (fs.FileInfo, error)
		Truncate(size int64) error
	})
	if !ok {
		return
	}
	info, err := file.Stat()
	at, seekErr := file.Seek(0, io.SeekCurrent) // the end of an appending write
	if err != nil || seekErr != nil || !info.Mode().IsRegular() || info.Size() != at {
		return
	}
	_ = file.Truncate(at - int64(n)) // the caller reports the error of the write
}

// fileClass returns the class of a file error. A full disk may get room; a missing or
// forbidden directory stays so.
func fileClass(err error) engine.Class {
	if errors.Is(err, errNotRegular) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "path escapes from parent") { // os.Root has no error value for it
		return engine.Permanent
	}
	return engine.Retryable
}
