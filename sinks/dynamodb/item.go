package dynamodb

import (
	"bytes"

	"fanout/internal/jsonscan"
)

// membersOf returns the text between the braces of an item in DynamoDB JSON, without the
// position that another target of type dynamodb gave it. It returns a fault instead if the
// text is not one JSON object, which would change the rest of a request, or if the item has
// an attribute of this name for another purpose.
func membersOf(text []byte) (inner []byte, fault string) {
	c := jsonscan.Cursor{Text: text}
	if c.Peek() != '{' {
		return nil, notObject
	}
	taken := false
	object, ok := c.Object(func(name jsonscan.Value) bool {
		own := string(name.Content()) == OrderAttribute
		v, ok := c.Value()
		if ok && own && !holdsPosition(v.Raw) {
			fault = "the item has an attribute " + OrderAttribute + " of its own, whose name this target needs; rename it with transform"
		}
		taken = taken || own
		return ok
	})
	switch {
	case !ok || !c.End():
		return nil, notObject
	case fault != "":
		return nil, fault
	case taken:
		return others(object.Raw), ""
	}
	return bytes.TrimSpace(object.Raw[1 : len(object.Raw)-1]), ""
}

const notObject = "the data is not one JSON object"

// others returns the members of a valid object, without the position.
func others(object []byte) (inner []byte) {
	c := jsonscan.Cursor{Text: object}
	c.Object(func(name jsonscan.Value) bool {
		v, ok := c.Value()
		if string(name.Content()) != OrderAttribute {
			if len(inner) > 0 {
				inner = append(inner, ',')
			}
			inner = append(append(append(append(inner, '"'), name.Raw...), `":`...), v.Raw...)
		}
		return ok
	})
	return inner
}

// holdsPosition reports whether value is an attribute value with a position.
func holdsPosition(value []byte) (is bool) {
	c := jsonscan.Cursor{Text: value}
	c.Object(func(name jsonscan.Value) bool {
		v, ok := c.Value()
		is = ok && string(name.Content()) == "S" && isPosition(string(v.Content()))
		return ok
	})
	return is
}
