package awsfake

import (
	"encoding/base64"
	"reflect"
	"slices"
)

// itemBytes is the limit of an item, including names.
const itemBytes = 400 << 10

// itemRequest is a request that changes one item.
type itemRequest struct {
	TableName string
	Item      Item // of PutItem
	Key       Item // of DeleteItem

	ConditionExpression       string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues Item
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
	if missing := t.missing(in.Item); missing != "" {
		return op, refusal("ValidationException", "One or more parameter values were invalid: Missing the key %s in the item", missing)
	}
	if size > itemBytes {
		return op, refusal("ValidationException", "Item size has exceeded the maximum allowed size")
	}
	op.key = t.text(in.Item)
	op.run = func(refuse map[int]string) (any, *failure) {
		return s.write(t, in.Item, &in, refuse, func() {
			at := slices.IndexFunc(t.items, func(other Item) bool { return t.rangeKey(other) > t.rangeKey(in.Item) })
			if at < 0 {
				at = len(t.items)
			}
			t.items = slices.Insert(t.items, at, in.Item)
		})
	}
	return op, nil
}

func (s *Server) deleteItem(body []byte) (operation, *failure) {
	op, t, in, bad := s.change(body)
	if bad != nil {
		return op, bad
	}
	if t.missing(in.Key) != "" || len(in.Key) != len(t.key(in.Key)) {
		return op, refusal("ValidationException", "The provided key element does not match the schema")
	}
	op.key = t.text(in.Key)
	op.run = func(refuse map[int]string) (any, *failure) {
		return s.write(t, in.Key, &in, refuse, func() {})
	}
	return op, nil
}

// write removes the item with a key and calls put, if the condition of the request holds.
func (s *Server) write(t *table, key Item, in *itemRequest, refuse map[int]string, put func()) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code, refused := refuse[0]; refused {
		return nil, refusal(code, "refused")
	}
	at := slices.IndexFunc(t.items, func(other Item) bool { return reflect.DeepEqual(t.key(other), t.key(key)) })
	var old Item
	if at >= 0 {
		old = t.items[at]
	}
	if holds, bad := in.holds(old); bad != nil {
		return nil, bad
	} else if !holds {
		return nil, refusal("ConditionalCheckFailedException", "The conditional request failed")
	}
	if at >= 0 {
		t.items = slices.Delete(slices.Clone(t.items), at, at+1) // callers of Items have the old list
	}
	put()
	return struct{}{}, nil
}

// missing returns the name of a key attribute that an item lacks, or "".
func (t *table) missing(item Item) string {
	for name := range t.key(item) {
		value := item[name]
		if len(value) != 1 || value["S"] == "" {
			return name
		}
	}
	return ""
}

// text returns the key of an item as the source's events have it, for keys without | and \.
func (t *table) text(item Item) (text string) {
	names := []string{t.hash}
	if t.sort != "" {
		names = append(names, t.sort)
		slices.Sort(names)
	}
	for i, name := range names {
		if i > 0 {
			text += "|"
		}
		for _, value := range item[name] {
			part, _ := value.(string)
			text += part
		}
	}
	return text
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
