package awsfake

import (
	"reflect"
	"regexp"
)

// Item is an item of a table in DynamoDB's own JSON: {"id":{"S":"a"}}.
type Item map[string]map[string]any

// table is what SetTable sets.
type table struct {
	hash, sort string
	items      []Item
}

// SetTable sets the items of a table, and the names of its hash and range key.
// Queries return items in the order given.
func (s *Server) SetTable(name, hashKey, rangeKey string, items ...Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[name] = table{hashKey, rangeKey, items}
}

// keyCondition is the one form of condition understood: one hash key.
var keyCondition = regexp.MustCompile(`^\(?\s*([#\w]+)\s*=\s*(:\w+)\s*\)?$`)

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
	op.destination = lastPart(in.TableName, "/")
	s.mu.Lock()
	t, ok := s.tables[op.destination]
	s.mu.Unlock()
	if !ok {
		return op, refusal("ResourceNotFoundException", "Requested resource not found: Table: %s not found", op.destination)
	}
	m := keyCondition.FindStringSubmatch(in.KeyConditionExpression)
	if m == nil || in.FilterExpression != "" {
		return op, refusal("ValidationException", "Invalid KeyConditionExpression: only one hash key is understood here, and no filter")
	}
	if name := orElse(in.ExpressionAttributeNames[m[1]], m[1]); name != t.hash {
		return op, refusal("ValidationException", "Query condition missed key schema element: %s", t.hash)
	}
	value, ok := in.ExpressionAttributeValues[m[2]]
	if !ok {
		return op, refusal("ValidationException", "An expression attribute value used in expression is not defined; attribute value: %s", m[2])
	}
	op.run = func(map[int]string) (any, *failure) {
		return t.page(value, in.ExclusiveStartKey, orElse(in.Limit, s.PageSize)), nil
	}
	return op, nil
}

// queryPage is the answer to a Query.
type queryPage struct {
	Items            []Item
	Count            int
	LastEvaluatedKey Item `json:",omitempty"`
}

// page returns up to limit items (0: all) whose hash key is value, after the one
// whose key is start.
func (t *table) page(value map[string]any, start Item, limit int) queryPage {
	p := queryPage{Items: []Item{}}
	for _, item := range t.items {
		if !reflect.DeepEqual(item[t.hash], value) {
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

// key returns the attributes of item that identify it.
func (t *table) key(item Item) Item {
	return Item{t.hash: item[t.hash], t.sort: item[t.sort]}
}
