package event

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Relabel returns the event with arn as the source of every record, and otherwise
// unchanged. All records must come from a source of that kind.
func Relabel(data []byte, kind Kind, arn string) ([]byte, error) {
	quoted, _ := json.Marshal(arn) // a string cannot fail
	r := relabeler{decoder: decoder{scanner: scanner{text: data}}, kind: kind, arn: quoted}
	r.skipMark()
	_, ok := r.object(func(name []byte) (ok bool) {
		if string(name) == "Records" {
			return r.records()
		}
		_, ok = r.value()
		return ok
	})
	switch {
	case !ok || !r.done():
		return nil, r.fault()
	case r.err != nil:
		return nil, r.err
	}
	return append(r.out, data[r.copied:]...), nil
}

// relabeler copies an event to out; copied is the end of the copied part.
type relabeler struct {
	decoder
	kind   Kind
	arn    []byte // in quotes
	out    []byte
	copied int
}

// records copies the value of Records.
func (r *relabeler) records() bool {
	if r.peek() != '[' {
		_, ok := r.value()
		return ok
	}
	some, ok := r.enter('[', ']')
	for ; some && ok; r.n++ {
		if ok = r.entry(); ok {
			some, ok = r.next(']')
		}
	}
	return ok
}

// entry copies one element of Records.
func (r *relabeler) entry() bool {
	r.peek()
	start, found := r.pos, false
	var from value
	v, ok := r.object(func(name []byte) (ok bool) {
		switch {
		case string(name) == "eventSource", string(name) == "EventSource" && !from.given():
			from, ok = r.value()
			return ok
		case string(name) == "eventSourceARN" && r.kind != SNS:
			found = true
			return r.replace()
		case string(name) == "Sns" && r.kind == SNS:
			_, ok = r.object(func(name []byte) (ok bool) {
				if string(name) == "TopicArn" {
					found = true
					return r.replace()
				}
				_, ok = r.value()
				return ok
			})
			return ok
		}
		_, ok = r.value()
		return ok
	})
	switch {
	case !ok || r.err != nil:
	case v.kind != object:
		r.err = fmt.Errorf("the event's Records[%d] is %s, not an object", r.n, v.kind)
	case string(r.mem.bytes(from)) != r.kind.String():
		r.err = fmt.Errorf("the event's Records[%d] does not come from %s%s", r.n, r.kind, r.comesFrom(from))
	case !found && r.kind != SNS:
		r.insert(start+1, slices.Concat([]byte(`"eventSourceARN":`), r.arn, []byte(",")))
	}
	return ok
}

// comesFrom returns the name of a record's source, if it is one of the known kinds.
func (r *relabeler) comesFrom(source value) string {
	for _, k := range []Kind{Kinesis, DynamoDB, SNS} {
		if string(r.mem.bytes(source)) == k.String() {
			return " but from " + k.String()
		}
	}
	return ""
}

// replace reads a value and writes the ARN instead.
func (r *relabeler) replace() bool {
	r.peek()
	r.out = append(append(r.out, r.text[r.copied:r.pos]...), r.arn...)
	_, ok := r.value()
	r.copied = r.pos
	return ok
}

// insert adds text at an offset that is not copied yet.
func (r *relabeler) insert(at int, text []byte) {
	r.out = append(append(r.out, r.text[r.copied:at]...), text...)
	r.copied = at
}
