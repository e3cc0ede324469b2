package message

import (
	"fanout/internal/jsonscan"
	"fanout/sinks/internal/request"
)

// ReadJSON adds the results of an answer of SQS. It reads as the SDK does: names match exactly,
// null is the same as missing, the last of two members with one name counts, and other members
// are ignored.
func (r *Results) ReadJSON(answer []byte) error {
	c := jsonscan.Cursor{Text: answer, AnyBytes: true}
	if c.End() {
		return nil
	}
	var taken, refused []Entry
	v, ok := c.Object(func(name jsonscan.Value) (ok bool) {
		switch string(name.Content()) {
		case "Successful":
			taken, ok = readEntries(&c)
		case "Failed":
			refused, ok = readEntries(&c)
		default:
			_, ok = c.Value()
		}
		return ok
	})
	if !ok || !c.End() || v.Kind != jsonscan.Object && v.Kind != jsonscan.Null {
		return request.ErrPart
	}
	r.Add(taken, refused)
	return nil
}

// readEntries reads a list of entries.
func readEntries(c *jsonscan.Cursor) (entries []Entry, ok bool) {
	v, ok := c.Array(func() bool {
		var e Entry
		v, ok := c.Object(func(name jsonscan.Value) bool {
			v, ok := c.Value()
			return ok && e.set(string(name.Content()), v)
		})
		entries = append(entries, e)
		return ok && (v.Kind == jsonscan.Object || v.Kind == jsonscan.Null)
	})
	return entries, ok && (v.Kind == jsonscan.Array || v.Kind == jsonscan.Null)
}

// set sets a member, and reports whether its value may be.
func (e *Entry) set(name string, v jsonscan.Value) bool {
	switch name {
	case "Id":
		e.ID = string(v.Content())
	case "Code":
		e.Code = string(v.Content())
	case "Message":
		e.Message = string(v.Content())
	case "SenderFault":
		e.SenderFault = string(v.Raw) == "true"
		return v.Kind == jsonscan.Boolean || !v.Given()
	default:
		return true
	}
	return v.IsString() || !v.Given()
}
