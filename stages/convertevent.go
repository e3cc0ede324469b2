package stages

import (
	"slices"

	"fanout/engine"
)

// event converts the images of a source record of DynamoDB. It returns the record with
// plain images, and the one that is its data: the new image, or the keys of a REMOVE or
// where there is no new image.
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

// eventImages is where the images of a source record are in the output.
type eventImages struct{ keys, new, old span }

type span struct{ start, end int }

// named returns the image with the name of a member, nil if that is none.
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

// image converts an image, behind all that was not copied yet.
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

// members moves past an object whose members' values member moves past.
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
