package lines

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
)

// maxLine is the largest record of Kinesis, in bytes (Kinesis API reference, PutRecords).
const maxLine = 10 << 20

// Input is a file of lines, or standard input.
type Input struct {
	Name string

	file io.Reader
	line int
	err  error
}

// Open opens a file; "-" is standard input. The caller must close it.
func Open(name string, stdin io.Reader) (*Input, error) {
	if name == "-" {
		return &Input{Name: "standard input", file: stdin}, nil
	}
	f, err := os.Open(name)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("the file %s cannot be read: %w", name, pe.Err)
	}
	return &Input{Name: name, file: f}, err
}

// Close closes the file. Standard input stays open.
func (in *Input) Close() {
	if f, ok := in.file.(*os.File); ok && in.Name != "standard input" {
		_ = f.Close() // it was only read
	}
}

// Lines returns the lines that are not empty, with their numbers. Afterwards Err returns the
// error of the reading. It holds one line at a time.
func (in *Input) Lines() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		s := bufio.NewScanner(in.file)
		s.Buffer(nil, maxLine)
		for s.Scan() {
			in.line++
			if s.Text() != "" && !yield(in.line, s.Text()) {
				return
			}
		}
		switch err := s.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			in.err = in.At(in.line+1, fmt.Errorf("the line has more than %d MiB, so it is no record", maxLine>>20))
		case err != nil:
			if pe, ok := errors.AsType[*fs.PathError](err); ok {
				err = pe.Err
			}
			in.err = fmt.Errorf("%s cannot be read: %w", in.Name, err)
		}
	}
}

// Err returns the error that ended Lines, or nil.
func (in *Input) Err() error { return in.err }

// At returns an error about a line.
func (in *Input) At(number int, err error) error {
	return fmt.Errorf("%s:%d: %w", in.Name, number, err)
}
