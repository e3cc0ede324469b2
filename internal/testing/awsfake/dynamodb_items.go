package awsfake

import (
	"encoding/base64"
	"slices"
)

// itemBytes is the limit of an item, including names.
const itemBytes = 400 << 10

// itemRequest is a request that changes one item.
type itemRequest struct {
	TableName string
	Item      Item // of PutItem
	Key       Item // of DeleteItem
}

// change reads a request that changes one item of a table.
func (s *Server) change(body []byte) (op operation, t *table, in itemRequest, bad *failure) {
	if bad = unmarshal(body, &in); bad != nil {
		return op, nil, in, bad
	}
	if op.destination, t, bad = s.table(in.TableName); bad == nil {
		op.records = 1
	}
	return op, t, in, bad
}

func (s *Server) putItem(body []byte) (operation, *failure) {
	op, t, in, bad := s.change(body)
	if bad != nil {
		return op, bad
	}
	size := 0
	for name, value := range in.Item {
		size += len(name) + valueSize(value)
	}
	switch {
	case !t.keyed(in.Item):
		return op, refusal("ValidationException", "One or more parameter values were invalid: Missing the key %s or %s in the item", t.hash, t.sort)
	case size > itemBytes:
		return op, refusal("ValidationException", "Item size has exceeded the maximum allowed size")
	}
	op.run = func(map[int]string) (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t.remove(in.Item)
		at := slices.IndexFunc(t.items, func(other Item) bool { return t.rangeKey(other) > t.rangeKey(in.Item) })
		if at < 0 {
			at = len(t.items)
		}
		t.items = slices.Insert(t.items, at, in.Item)
		return struct{}{}, nil
	}
	return op, nil
}

func (s *Server) deleteItem(body []byte) (operation, *failure) {
	op, t, in, bad := s.change(body)
	if bad != nil {
		return op, bad
	}
	if !t.keyed(in.Key) || len(in.Key) != 2 {
		return op, refusal("ValidationException", "The provided key element does not match the schema")
	}
	op.run = func(map[int]string) (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t.remove(in.Key)
		return struct{}{}, nil
	}
	return op, nil
}

// remove removes the item with the key of item, if there is one.
func (t *table) remove(item Item) {
	t.items = slices.DeleteFunc(slices.Clone(t.items), func(other Item) bool {
		return other[t.hash]["S"] == item[t.hash]["S"] && other[t.sort]["S"] == item[t.sort]["S"]
	})
}

// keyed reports whether an item has both keys.
func (t *table) keyed(item Item) bool {
	hash, _ := item[t.hash]["S"].(string)
	return hash != "" && t.rangeKey(item) != ""
}

func (t *table) rangeKey(item Item) string {
	key, _ := item[t.sort]["S"].(string)
	return key
}

// valueSize approximates the size of an attribute's value in DynamoDB (developer guide,
// Item sizes and formats).
func valueSize(value map[string]any) (n int) {
	for kind, v := range value {
		switch v := v.(type) {
		case string:
			if kind == "B" {
				n += base64.StdEncoding.DecodedLen(len(v))
				continue
			}
			n += len(v)
		case map[string]any:
			n += 3
			for name, member := range v {
				if m, ok := member.(map[string]any); ok {
					n += 1 + len(name) + valueSize(m)
				}
			}
		default:
			n++
		}
	}
	return n
}
