package lines

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"sync"
)

// maxLine is the largest record of Kinesis, in bytes (Kinesis API reference, PutRecords).
const maxLine = 10 << 20

// Input is files of lines, or standard input, one after the other. Lines are numbered through
// all of them.
type Input struct {
	parts []part
	err   error

	mu   sync.Mutex // of what Lines changes and Where reads
	line int
	now  int // index of the part that is read
}

// part is one file.
type part struct {
	name   string
	file   io.Reader
	before int // lines of earlier files
}

// Open opens files; "-" is stdin. The caller must close them.
func Open(stdin io.Reader, names ...string) (*Input, error) {
	in := new(Input)
	for _, name := range names {
		if name == "-" {
			in.parts = append(in.parts, part{name: "standard input", file: stdin})
			continue
		}
		f, err := os.Open(name)
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			in.Close()
			return nil, fmt.Errorf("the file %s cannot be read: %w", name, pe.Err)
		}
		in.parts = append(in.parts, part{name: name, file: f})
	}
	return in, nil
}

// Close closes the files. Standard input stays open.
func (in *Input) Close() {
	for _, p := range in.parts {
		if f, ok := p.file.(*os.File); ok && p.name != "standard input" {
			_ = f.Close() // it was only read
		}
	}
}

// Lines returns the lines that are not empty, with their numbers. Afterwards Err returns the
// error of the reading. It holds one line at a time.
func (in *Input) Lines() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i := range in.parts {
			in.mu.Lock()
			in.now, in.parts[i].before = i, in.line
			in.mu.Unlock()
			if !in.read(&in.parts[i], yield) {
				return
			}
		}
	}
}

// read reads one file. It reports whether to go on.
func (in *Input) read(p *part, yield func(int, string) bool) bool {
	s := bufio.NewScanner(p.file)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		in.mu.Lock()
		in.line++
		number, text := in.line, s.Text()
		in.mu.Unlock()
		if number == p.before+1 {
			text = strings.TrimPrefix(text, "\ufeff") // a byte order mark is no part of the line
		}
		if text != "" && !yield(number, text) {
			return false
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		in.err = in.At(in.line+1, fmt.Errorf("the line has more than %d MiB, so it is no record", maxLine>>20))
	case err != nil:
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		in.err = fmt.Errorf("%s cannot be read: %w", p.name, err)
	}
	return in.err == nil
}

// Err returns the error that ended Lines, or nil.
func (in *Input) Err() error { return in.err }

// Where returns the file and line of a number. It may be called while Lines reads.
func (in *Input) Where(number int) string {
	in.mu.Lock()
	defer in.mu.Unlock()
	i := in.now
	for i > 0 && in.parts[i].before >= number {
		i--
	}
	return fmt.Sprintf("%s:%d", in.parts[i].name, number-in.parts[i].before)
}

// At returns an error about a line.
func (in *Input) At(number int, err error) error {
	return fmt.Errorf("%s: %w", in.Where(number), err)
}
