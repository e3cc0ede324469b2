package stages

import (
	"context"
	"fmt"
	"strings"

	"fanout/engine"
)

// Views are the parts of a DynamoDB change that can be the data of its record, with
// DynamoDB's names for them (DynamoDB API, StreamSpecification, StreamViewType).
type Views uint8

const (
	NewImage        Views = iota // "NEW_IMAGE": the item after the change; the keys of a REMOVE
	OldImage                     // "OLD_IMAGE": the item before the change; the keys of an INSERT
	KeysOnly                     // "KEYS_ONLY": the keys
	NewAndOldImages              // "NEW_AND_OLD_IMAGES": {"Keys":…,"NewImage":…,"OldImage":…}
	WholeEvent                   // "EVENT": the source record
)

var views = [...]string{
	NewImage: "NEW_IMAGE", OldImage: "OLD_IMAGE", KeysOnly: "KEYS_ONLY", NewAndOldImages: "NEW_AND_OLD_IMAGES", WholeEvent: "EVENT",
}

// String returns the view's name.
func (v Views) String() string {
	if int(v) < len(views) {
		return views[v]
	}
	return fmt.Sprintf("view %d", uint8(v))
}

// ParseView returns the view with exactly that name; "" is NewImage.
func ParseView(name string) (Views, error) {
	for v, n := range views {
		if n == name {
			return Views(v), nil
		}
	}
	if name == "" {
		return NewImage, nil
	}
	return NewImage, fmt.Errorf("%q is not a view; write one of %s", name, strings.Join(views[:], ", "))
}

// View makes a part of the source record the data of a DynamoDB record. An image that
// the source record lacks is replaced by the keys, or left out of NewAndOldImages.
//
// After ConvertDDB{Event: true} the part is plain JSON.
type View struct{ Of Views }

// Name returns "view" and the name of the view.
func (s View) Name() string { return "view " + s.Of.String() }

// ReadsSource reports that View reads source records.
func (View) ReadsSource() bool { return true }

// Process gives each record its data.
func (s View) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	cells := engine.NewPayloads(len(in))
	text := make([]byte, 0, s.room(in))
	out.Grow(len(in))
	for _, r := range in {
		c, err := readChange(r.Raw)
		if err != nil {
			out.Fail(r, engine.Errorf(engine.Permanent, "the view %v of the record cannot be made: %w", s.Of, err))
			continue
		}
		raw := r.Raw
		data := s.of(raw, &c)
		if s.Of == NewAndOldImages {
			start := len(text)
			text = c.appendTo(text)
			data = text[start:len(text):len(text)]
		}
		r.Data = cells.Bytes(data)
		if s.Of == NewAndOldImages && c.new == nil && r.Action != remove {
			r.Data.StandIn()
		}
		out.EmitWithSource(r, raw)
	}
}

// room returns the room for the objects that NewAndOldImages makes. An object is shorter
// than its source record.
func (s View) room(in []engine.Record) (n int) {
	if s.Of == NewAndOldImages {
		for i := range in {
			n += len(in[i].Raw)
		}
	}
	return n
}

// of returns the part of a source record that is the view, if it is one part.
func (s View) of(raw []byte, c *change) []byte {
	switch {
	case s.Of == WholeEvent:
		return raw
	case s.Of == OldImage && c.old != nil:
		return c.old
	case s.Of == NewImage && c.new != nil:
		return c.new
	}
	return c.keys
}
