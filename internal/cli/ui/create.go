package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// CreateFile opens the file of a flag for writing, without truncating it.
func CreateFile(flag, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	if err != nil {
		return nil, fmt.Errorf("--%s: the file %s cannot be written: %w", flag, path, err)
	}
	return file, nil
}
