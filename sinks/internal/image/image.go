// Package image finds records that lack the new image of a DynamoDB item.
package image

import (
	"fanout/engine"
	"fanout/internal/jsonscan"
)

// Missing returns the reason why r cannot be stored if r changes a DynamoDB item and
// lacks the new image: its keys alone would replace the stored value.
func Missing(r *engine.Record) string {
	view := ""
	c := jsonscan.Cursor{Text: r.Raw, AnyBytes: true}
	c.Object(func(name jsonscan.Value) bool {
		own := string(name.Content()) == "dynamodb"
		_, ok := c.Object(func(name jsonscan.Value) bool {
			v, ok := c.Value()
			if own && string(name.Content()) == "StreamViewType" {
				view = string(v.Content())
			}
			return ok
		})
		return ok
	})
	has := "the record has no new image of the item"
	switch view {
	case "KEYS_ONLY", "OLD_IMAGE":
		has = "the stream's view " + view + " has no new image of the item"
	}
	return has + ", and its keys must not replace the stored item; give the table a stream with NEW_IMAGE or NEW_AND_OLD_IMAGES"
}

// Require fails a request to a cache that holds a record without its image. The engine
// halves the request until the record is alone, so the other records keep their order.
func Require(sink string, batch []engine.Record) error {
	for i := range batch {
		if r := &batch[i]; r.Data.IsStandIn() {
			return engine.Errorf(engine.Refused, "%s: %s", sink, Missing(r))
		}
	}
	return nil
}
