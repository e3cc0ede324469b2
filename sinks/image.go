package sinks

import "fanout/engine"

// noImage says why r, a change of a DynamoDB item without its new image, cannot be
// stored under the item's key: what is stored there would be replaced by the keys.
func noImage(r *engine.Record) string {
	view := ""
	members(r.Raw, func(name []byte, start, end int) {
		if string(unquote(name)) == "dynamodb" {
			members(r.Raw[start:end], func(name []byte, from, to int) {
				if string(unquote(name)) == "StreamViewType" {
					view = string(unquote(r.Raw[start+from : start+to]))
				}
			})
		}
	})
	has := "the record has no new image of the item"
	switch view {
	case "KEYS_ONLY", "OLD_IMAGE":
		has = "the stream's view " + view + " has no new image of the item"
	}
	return has + ", and its keys must not replace what is stored; give the table a stream with NEW_IMAGE or NEW_AND_OLD_IMAGES"
}

// needImages fails a request to a cache that holds a record without its image. It is
// halved until the record is alone, so that the others and their order are as ever.
func needImages(sink string, batch []engine.Record) error {
	for i := range batch {
		if r := &batch[i]; r.Data.IsStandIn() {
			return engine.Errorf(engine.Refused, "%s: %s", sink, noImage(r))
		}
	}
	return nil
}
