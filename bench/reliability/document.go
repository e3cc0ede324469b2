package main

import (
	"fmt"
	"os"
	"strings"
)

// marks returns the marks around a part of the document.
func marks(part string) (begin, end string) {
	return "<!-- " + part + " -->\n", "<!-- /" + part + " -->"
}

// write puts text into a part of a document.
func write(file, part, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, _, after, err := cut(string(old), part)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	begin, end := marks(part)
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644) //nolint:gosec // a document for all to read
}

// cut takes a part out of a document.
func cut(document, part string) (before, text, after string, err error) {
	begin, end := marks(part)
	before, rest, found := strings.Cut(document, begin)
	text, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", "", "", fmt.Errorf("there is no part between %q and %q", strings.TrimSpace(begin), end)
	}
	return before, text, after, nil
}
