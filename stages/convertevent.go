package stages

import (
	"slices"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// event converts the images of a DynamoDB source record. It returns the record with
// plain images, and its data: the new image, or the keys for a REMOVE or if there
// is no new image.
func (c *converter) event(r *engine.Record) (raw, data []byte, err error) {
	start := len(c.out)
	var images eventImages
	c.in, c.path, c.copied = jsonscan.Cursor{Text: r.Raw}, c.path[:0], 0
	if !c.record(&images) || !c.in.End() {
		return nil, nil, c.fault()
	}
	c.out = append(c.out, c.in.Text[c.copied:]...)
	image := images.new
	if r.Action == remove || image.end == 0 {
		image = images.keys
	}
	if image.end == 0 {
		return nil, nil, engine.Errorf(engine.Permanent, "the source record has no DynamoDB image and no keys to convert")
	}
	return slices.Clip(c.out[start:]), c.out[image.start:image.end:image.end], nil
}

// record reads a source record and converts its images.
func (c *converter) record(images *eventImages) bool {
	if c.in.Peek() != '{' {
		return c.in.Fail("an object is missing")
	}
	_, ok := c.in.Object(func(name jsonscan.Value) (ok bool) {
		if string(name.Content()) != "dynamodb" {
			_, ok = c.in.Value()
			return ok
		}
		_, ok = c.in.Object(func(name jsonscan.Value) (ok bool) {
			image := images.named(name.Content())
			if image == nil || c.in.Peek() != '{' {
				_, ok = c.in.Value()
				return ok
			}
			return c.image(name.Content(), image)
		})
		return ok
	})
	return ok
}

// eventImages locates the images of a source record in the output.
type eventImages struct{ keys, new, old span }

type span struct{ start, end int }

// named returns the image that a member's name stands for, or nil.
func (e *eventImages) named(name []byte) *span {
	switch string(name) {
	case "Keys":
		return &e.keys
	case "NewImage":
		return &e.new
	case "OldImage":
		return &e.old
	}
	return nil
}

// image converts an image, after it copies the input that precedes it.
func (c *converter) image(name []byte, where *span) bool {
	c.out = append(c.out, c.in.Text[c.copied:c.in.Pos]...)
	where.start = len(c.out)
	if !c.item(1) {
		c.path = append(c.path, "."+clip(name))
		return false
	}
	where.end = len(c.out)
	c.copied = c.in.Pos
	return true
}
