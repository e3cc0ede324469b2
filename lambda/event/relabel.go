package event

import (
	"errors"
	"fmt"
	"slices"

	"fanout/internal/jsonscan"
	"fanout/internal/jsontext"
)

// Relabel returns the event with arn as the source of every record, and otherwise
// unchanged. All records must come from a source of that kind. An event of Kafka names its
// topics and brokers in several places, so Relabel refuses the kind.
func Relabel(data []byte, kind Kind, arn string) ([]byte, error) {
	if kind == Kafka {
		return nil, errors.New("events of Kafka keep their own source, because it is made of their cluster and topics; edit the event, or write its source as sourceArn")
	}
	r := relabeler{in: read(data), kind: kind, arn: jsontext.AppendString(nil, arn)}
	_, ok := r.in.Object(func(name jsonscan.Value) (ok bool) {
		if string(name.Content()) == "Records" {
			_, ok = r.in.Array(r.entry)
			return ok
		}
		_, ok = r.in.Value()
		return ok
	})
	switch {
	case !ok || !r.in.End():
		return nil, fault(&r.in)
	case r.err != nil:
		return nil, r.err
	}
	return append(r.out, data[r.copied:]...), nil
}

// relabeler copies an event to out; copied is the end of the copied part.
type relabeler struct {
	in     jsonscan.Cursor
	n      int   // number of records read
	err    error // why the event cannot be relabeled
	kind   Kind
	arn    []byte // in quotes
	out    []byte
	copied int
}

// entry copies one element of Records.
func (r *relabeler) entry() bool {
	r.in.Peek()
	start, found := r.in.Pos, false
	var from jsonscan.Value
	v, ok := r.in.Object(func(member jsonscan.Value) (ok bool) {
		name := string(member.Content())
		switch {
		case name == "eventSource", name == "EventSource" && !from.Given():
			from, ok = r.in.Value()
			return ok
		case name == "eventSourceARN" && r.kind != SNS:
			found = true
			return r.replace()
		case name == "Sns" && r.kind == SNS:
			_, ok = r.in.Object(func(name jsonscan.Value) (ok bool) {
				if string(name.Content()) == "TopicArn" {
					found = true
					return r.replace()
				}
				_, ok = r.in.Value()
				return ok
			})
			return ok
		}
		_, ok = r.in.Value()
		return ok
	})
	switch {
	case !ok || r.err != nil:
	case v.Kind != jsonscan.Object:
		r.err = fmt.Errorf("the event's Records[%d] is %s, not an object", r.n, v.Kind)
	case string(from.Content()) != r.kind.String():
		r.err = fmt.Errorf("the event's Records[%d] does not come from %s%s", r.n, r.kind, r.comesFrom(from))
	case !found && r.kind != SNS:
		r.insert(start+1, slices.Concat([]byte(`"eventSourceARN":`), r.arn, []byte(",")))
	}
	r.n++
	return ok
}

// comesFrom returns the name of a record's source, if it is one of the known kinds.
func (r *relabeler) comesFrom(source jsonscan.Value) string {
	for _, k := range Kinds {
		if string(source.Content()) == k.String() {
			return " but from " + k.String()
		}
	}
	return ""
}

// replace reads a value and writes the ARN instead.
func (r *relabeler) replace() bool {
	r.in.Peek()
	r.out = append(append(r.out, r.in.Text[r.copied:r.in.Pos]...), r.arn...)
	_, ok := r.in.Value()
	r.copied = r.in.Pos
	return ok
}

// insert adds text at an offset that is not copied yet.
func (r *relabeler) insert(at int, text []byte) {
	r.out = append(append(r.out, r.in.Text[r.copied:at]...), text...)
	r.copied = at
}
