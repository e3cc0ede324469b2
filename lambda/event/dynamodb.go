package event

import (
	"bytes"
	"slices"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// dynamodbRecord is the dynamodb member of a record (DynamoDB Streams API, StreamRecord).
type dynamodbRecord struct {
	kind                      jsonscan.Kind
	keys, image, seq, arrived jsonscan.Value
	attrs                     []attr // of keys
}

// attr is a key attribute. Its value is absent if it has no valid key type.
type attr struct {
	name  []byte
	value jsonscan.Value
}

func (r *dynamodbRecord) read(d *decoder) bool {
	*r = dynamodbRecord{}
	v, ok := d.in.Object(func(name jsonscan.Value) (ok bool) {
		switch string(d.mem.bytes(name)) {
		case "Keys":
			ok = r.readKeys(d)
		case "NewImage":
			r.image, ok = d.in.Value()
		case "SequenceNumber":
			r.seq, ok = d.in.Value()
		case "ApproximateCreationDateTime":
			r.arrived, ok = d.in.Value()
		default:
			_, ok = d.in.Value()
		}
		return ok
	})
	r.kind = v.Kind
	return ok
}

func (r *dynamodbRecord) readKeys(d *decoder) (ok bool) {
	d.attrs = d.attrs[:0]
	r.keys, ok = d.in.Object(func(name jsonscan.Value) (ok bool) {
		a := attr{name: d.mem.bytes(name)}
		_, ok = d.in.Object(func(kind jsonscan.Value) (ok bool) {
			v, ok := d.in.Value()
			switch string(d.mem.bytes(kind)) {
			case "S", "N", "B":
				a.value = v
			}
			return ok
		})
		i := slices.IndexFunc(d.attrs, func(b attr) bool { return bytes.Equal(a.name, b.name) })
		if i >= 0 {
			d.attrs[i] = a
		} else {
			d.attrs = append(d.attrs, a)
		}
		return ok
	})
	r.attrs = d.attrs
	return ok
}

// dynamodb converts the members just read to a record of b.
func (d *decoder) dynamodb(b *Batch) engine.Record {
	s := &d.record.dynamodb
	if s.kind != jsonscan.Object {
		d.fail("the record's dynamodb is %s, not an object", s.kind)
	}
	r := engine.Record{
		Key:     d.key(s),
		Lane:    b.SourceARN,
		Seq:     d.optional("dynamodb.SequenceNumber", s.seq),
		Arrived: millis(s.arrived),
	}
	data := s.image
	switch name := d.need("eventName", d.record.name); string(name) {
	case "INSERT":
		r.Action = "INSERT"
	case "MODIFY":
		r.Action = "MODIFY"
	case "REMOVE":
		r.Action, data = "REMOVE", s.keys
	default:
		d.fail("the record's eventName is %s, not INSERT, MODIFY or REMOVE", quote(name))
	}
	if !data.Given() {
		data = s.keys
	}
	if data.Kind != jsonscan.Object {
		d.fail("the record's dynamodb.NewImage is %s, not an object", data.Kind)
	}
	if d.bad == nil {
		r.Data = d.data().Bytes(data.Raw)
	}
	if !s.image.Given() && r.Action != "REMOVE" {
		r.Data.StandIn()
	}
	return r
}

// key returns the value of the key attribute. It joins several values, with escapes so that
// different keys stay different.
func (d *decoder) key(s *dynamodbRecord) string {
	if s.keys.Kind != jsonscan.Object {
		d.fail("the record's dynamodb.Keys is %s, not an object", s.keys.Kind)
		return ""
	}
	if len(s.attrs) == 0 {
		d.fail("the record's dynamodb.Keys is empty")
		return ""
	}
	slices.SortFunc(s.attrs, func(a, b attr) int { return bytes.Compare(a.name, b.name) })
	n := len(s.attrs) - 1 // for the separators
	for i, a := range s.attrs {
		if !a.value.IsString() {
			d.fail("the record's dynamodb.Keys has an attribute that is not of type S, N or B")
			return ""
		}
		if a.value.Kind == jsonscan.Escaped {
			s.attrs[i].value = jsonscan.Value{Raw: d.mem.bytes(a.value), Kind: jsonscan.Plain}
		}
		raw := s.attrs[i].value.Raw
		n += len(raw) + bytes.Count(raw, []byte{separator}) + bytes.Count(raw, []byte{escape})
	}
	if len(s.attrs) == 1 {
		return share(s.attrs[0].value.Raw)
	}
	key := d.mem.take(n)
	for i, a := range s.attrs {
		if i > 0 {
			key = append(key, separator)
		}
		for _, c := range a.value.Raw {
			if c == separator || c == escape {
				key = append(key, escape)
			}
			key = append(key, c)
		}
	}
	return share(key)
}

// separator stands between the values of a key. Within a value, escape precedes either
// character.
const separator, escape = '|', '\\'
