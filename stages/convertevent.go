package stages

import (
	"slices"

	"fanout/engine"
)

// event converts the images of a DynamoDB source record. It returns the record with
// plain images, and its data: the new image, or the keys for a REMOVE or if there
// is no new image.
func (c *converter) event(r *engine.Record) (raw, data []byte, err error) {
	start := len(c.out)
	var images eventImages
	c.scanner, c.path, c.copied = scanner{b: r.Raw}, c.path[:0], 0
	ok := c.members(func(name []byte) bool {
		if string(name) != "dynamodb" || c.peek() != '{' {
			return c.value(1)
		}
		return c.members(func(name []byte) bool {
			image := images.named(name)
			if image == nil || c.peek() != '{' {
				return c.value(2)
			}
			return c.image(name, image)
		})
	})
	if !ok || !c.end() {
		return nil, nil, c.fault()
	}
	c.out = append(c.out, c.b[c.copied:]...)
	image := images.new
	if r.Action == "REMOVE" || image.end == 0 {
		image = images.keys
	}
	if image.end == 0 {
		return nil, nil, engine.Errorf(engine.Permanent, "the source record has no DynamoDB image and no keys to be converted")
	}
	return slices.Clip(c.out[start:]), c.out[image.start:image.end:image.end], nil
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
	c.out = append(c.out, c.b[c.copied:c.i]...)
	where.start = len(c.out)
	if !c.item(1) {
		c.path = append(c.path, "."+clip(name))
		return false
	}
	where.end = len(c.out)
	c.copied = c.i
	return true
}

// members skips an object. member must skip the value of each member.
func (c *converter) members(member func(name []byte) bool) bool {
	if !c.take('{') {
		return c.fail("an object is missing")
	}
	for n := 0; ; n++ {
		if more, ok := c.next(n, '}'); !more {
			return ok
		}
		name, ok := c.name()
		if !ok || !member(c.unescape(name)) {
			return false
		}
	}
}
