package stages

import (
	"errors"

	"fanout/internal/jsonscan"
)

// remove is the action of a DynamoDB record without a new image.
const remove = "REMOVE"

// change is the keys and images in a DynamoDB source record, as JSON text; nil if missing.
type change struct{ keys, new, old []byte }

var (
	errNoSource = errors.New("it has no source record, because an earlier stage changed it, or because its envelope has none")
	errNoChange = errors.New("its source record is not a change of a DynamoDB item")
)

// readChange finds the keys and images in a source record.
func readChange(raw []byte) (change, error) {
	if len(raw) == 0 {
		return change{}, errNoSource
	}
	var found change
	c := jsonscan.Cursor{Text: raw, AnyBytes: true}
	_, ok := c.Object(func(name jsonscan.Value) (ok bool) {
		if string(name.Content()) != "dynamodb" {
			_, ok = c.Value()
			return ok
		}
		found = change{} // of members with one name the last one counts
		_, ok = c.Object(func(name jsonscan.Value) bool {
			part := found.named(name.Content())
			v, ok := c.Value()
			switch {
			case part == nil:
			case v.Kind == jsonscan.Object:
				*part = v.Raw
			default:
				*part = nil
			}
			return ok
		})
		return ok
	})
	if !ok || !c.End() || found.keys == nil {
		return change{}, errNoChange
	}
	return found, nil
}

// named returns the part that a member's name stands for, or nil.
func (c *change) named(name []byte) *[]byte {
	switch string(name) {
	case "Keys":
		return &c.keys
	case "NewImage":
		return &c.new
	case "OldImage":
		return &c.old
	}
	return nil
}

// appendTo appends the change as an object with the names that DynamoDB has for its parts.
func (c *change) appendTo(b []byte) []byte {
	b = append(append(b, `{"Keys":`...), c.keys...)
	if c.new != nil {
		b = append(append(b, `,"NewImage":`...), c.new...)
	}
	if c.old != nil {
		b = append(append(b, `,"OldImage":`...), c.old...)
	}
	return append(b, '}')
}
