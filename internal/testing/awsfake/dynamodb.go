package awsfake

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
)

// Item is an item of a table in DynamoDB's own JSON: {"id":{"S":"a"}}.
type Item map[string]map[string]any

// table is the content that SetTable sets.
type table struct {
	hash, sort string
	items      []Item
}

// SetTable sets the items of a table, and the names of its hash and range key; "": it has no
// range key. Queries return items in the given order. A new item goes before the first item
// with a higher range key.
func (s *Server) SetTable(name, hashKey, rangeKey string, items ...Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[name] = &table{hashKey, rangeKey, items}
}

// Items returns the items of a table.
func (s *Server) Items(table string) []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[table]; t != nil {
		return slices.Clone(t.items)
	}
	return nil
}

// table returns the table in a request, by name or ARN.
func (s *Server) table(nameOrARN string) (name string, t *table, bad *failure) {
	name = lastPart(nameOrARN, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if t = s.tables[name]; t == nil {
		bad = refusal("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
	}
	return name, t, bad
}

// keyCondition is the supported form of conditions: a hash key, and a lower bound of the
// range key.
var keyCondition = regexp.MustCompile(`^\(?\s*([#\w]+)\s*=\s*(:\w+)\s*\)?(?:\s+AND\s+([#\w]+)\s*>=\s*(:\w+))?$`)

func (s *Server) query(body []byte) (op operation, bad *failure) {
	var in struct {
		TableName                 string
		KeyConditionExpression    string
		ExpressionAttributeNames  map[string]string
		ExpressionAttributeValues Item
		FilterExpression          string
		ExclusiveStartKey         Item
		Limit                     int
	}
	if bad := unmarshal(body, &in); bad != nil {
		return op, bad
	}
	var t *table
	if op.destination, t, bad = s.table(in.TableName); bad != nil {
		return op, bad
	}
	m := keyCondition.FindStringSubmatch(in.KeyConditionExpression)
	if m == nil || in.FilterExpression != "" {
		return op, refusal("ValidationException", "Invalid KeyConditionExpression: only one hash key and the lowest range key are understood here, and no filter")
	}
	for i, key := range []string{1: t.hash, 3: t.sort} {
		if i%2 == 0 || m[i] == "" {
			continue
		}
		if name := cmp.Or(in.ExpressionAttributeNames[m[i]], m[i]); name != key {
			return op, refusal("ValidationException", "Query condition missed key schema element: %s", key)
		}
		if in.ExpressionAttributeValues[m[i+1]] == nil {
			return op, refusal("ValidationException", "An expression attribute value used in expression is not defined; attribute value: %s", m[i+1])
		}
	}
	op.run = func(map[int]string) (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		from, _ := in.ExpressionAttributeValues[m[4]]["S"].(string)
		return t.page(in.ExpressionAttributeValues[m[2]], from, in.ExclusiveStartKey, cmp.Or(in.Limit, s.PageSize)), nil
	}
	return op, nil
}

// queryPage is the answer to a Query.
type queryPage struct {
	Items            []Item
	Count            int
	LastEvaluatedKey Item `json:",omitempty"`
}

// page returns up to limit items (0: all) with the hash key value and a range key of at
// least from, after the item with the key start.
func (t *table) page(value map[string]any, from string, start Item, limit int) queryPage {
	p := queryPage{Items: []Item{}}
	for _, item := range t.items {
		if !reflect.DeepEqual(item[t.hash], value) || t.rangeKey(item) < from {
			continue
		}
		if start != nil {
			if reflect.DeepEqual(t.key(item), start) {
				start = nil
			}
			continue
		}
		if p.Items = append(p.Items, item); len(p.Items) == limit {
			p.LastEvaluatedKey = t.key(item)
			break
		}
	}
	p.Count = len(p.Items)
	return p
}

// key returns the key attributes of item.
func (t *table) key(item Item) Item {
	key := Item{t.hash: item[t.hash]}
	if t.sort != "" {
		key[t.sort] = item[t.sort]
	}
	return key
}
