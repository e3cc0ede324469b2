package event

import (
	"bytes"
	"errors"
	"fmt"

	"fanout/internal/jsonscan"
)

// mark is the byte order mark that some editors write at the start of UTF-8 text.
const mark = "\uFEFF"

// read returns a cursor at the start of an event, behind a byte order mark. It accepts
// the same text as encoding/json.
func read(event []byte) jsonscan.Cursor {
	c := jsonscan.Cursor{Text: event, AnyBytes: true}
	if bytes.HasPrefix(event, []byte(mark)) {
		c.Pos = len(mark)
	}
	return c
}

// fault returns the error of an event with a fault at c.
func fault(c *jsonscan.Cursor) error {
	switch {
	case isUTF16(c.Text):
		return errors.New("the event is not JSON in UTF-8 but UTF-16 text; save it as UTF-8")
	case c.Why == jsonscan.TooDeep:
		return fmt.Errorf("the event is nested more than %d deep, at byte %d", jsonscan.MaxDepth, c.Pos)
	case c.Pos >= len(c.Text):
		return fmt.Errorf("the event is not JSON: it ends too early, at byte %d", len(c.Text))
	}
	return fmt.Errorf("the event is not JSON: byte %d does not belong there", c.Pos)
}

// isUTF16 reports whether text begins with a UTF-16 byte order mark.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xFF\xFE")) || bytes.HasPrefix(text, []byte("\xFE\xFF"))
}
