package stages

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

// attributesOf returns the attributes of a message as a JSON object of strings, or nil if r
// is no message or a stage changed it: those that its sender set, and of an SQS message also
// those of SQS. Binary values are in base64. Attributes that change when SQS sends the
// message again are left out, because a record has the same results every time. A record of
// Kafka has its headers.
func attributesOf(r *engine.Record) []byte {
	if len(r.Raw) == 0 {
		return nil
	}
	a := attributes{in: jsonscan.Cursor{Text: r.Raw, AnyBytes: true}, out: []byte("{")}
	var own []byte
	switch r.Action {
	case "NOTIFICATION":
		a.in = jsonscan.Cursor{Text: object(r.Raw, "Sns"), AnyBytes: true}
		a.sender("MessageAttributes", "Value", "Value")
	case "MESSAGE":
		a.sender("messageAttributes", "stringValue", "binaryValue")
		own = object(r.Raw, "attributes")
	default:
		return headersOf(r.Raw)
	}
	a.in = jsonscan.Cursor{Text: own, AnyBytes: true}
	a.in.Object(func(name jsonscan.Value) bool {
		v, ok := a.in.Value()
		if n := string(name.Content()); ok && n != "ApproximateReceiveCount" && n != "ApproximateFirstReceiveTimestamp" {
			a.add(name, v)
		}
		return ok
	})
	return append(a.out, '}')
}

// headersOf returns the headers of a source record of Kafka as a JSON object of strings, or nil
// if it has none. A value that is not UTF-8 is in base64. Of equal names the last counts.
func headersOf(raw []byte) []byte {
	list := object(raw, "headers")
	if list == nil {
		return nil
	}
	var headers []map[string][]int8 // bytes, with a sign
	if json.Unmarshal(list, &headers) != nil {
		return nil
	}
	all := make(map[string]string)
	for _, h := range headers {
		for name, signed := range h {
			value := make([]byte, len(signed))
			for i, b := range signed {
				value[i] = byte(b) //nolint:gosec // Lambda writes bytes as signed numbers
			}
			if all[name] = string(value); !utf8.Valid(value) {
				all[name] = base64.StdEncoding.EncodeToString(value)
			}
		}
	}
	text, _ := json.Marshal(all) // never fails
	return text
}

// attributes writes a JSON object of strings.
type attributes struct {
	in  jsonscan.Cursor
	out []byte
}

// sender adds the attributes in the member called member of the object at a.in. Their values
// are strings in one of two members.
func (a *attributes) sender(member, text, binary string) {
	a.in.Object(func(name jsonscan.Value) bool {
		if string(name.Content()) != member {
			_, ok := a.in.Value()
			return ok
		}
		_, ok := a.in.Object(func(name jsonscan.Value) bool {
			var value jsonscan.Value
			_, ok := a.in.Object(func(part jsonscan.Value) bool {
				v, ok := a.in.Value()
				if n := string(part.Content()); v.IsString() && (n == text || n == binary) {
					value = v
				}
				return ok
			})
			a.add(name, value)
			return ok
		})
		return ok
	})
}

// add adds an attribute, unless its value is no string.
func (a *attributes) add(name, value jsonscan.Value) {
	if !value.IsString() {
		return
	}
	if len(a.out) > 1 {
		a.out = append(a.out, ',')
	}
	a.out = append(append(a.out, '"'), name.Raw...)
	a.out = append(append(a.out, `":"`...), value.Raw...)
	a.out = append(a.out, '"')
}
