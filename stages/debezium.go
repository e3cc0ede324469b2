package stages

import (
	"errors"
	"strconv"
	"strings"

	"fanout/engine"
	"fanout/internal/jsonscan"
)

var (
	errNoImage   = errors.New("the stream gave no new image; give the table a stream with the view NEW_AND_OLD_IMAGES")
	errNotChange = errors.New("it is not a change of a DynamoDB item")
	errNotJSON   = errors.New("a stage made data of it that is not JSON")
)

// debezium appends r as the value of a change event without a schema (Debezium, Data change
// events).
//
// after is the data, so it has what stages made of the new image. before is the old image
// of the source record. If a stage changed the data, the source record is gone, so that
// nothing leaves that the stage removed.
func (w *enveloper) debezium(r *engine.Record) error {
	data := r.Data.Bytes()
	op := ""
	switch r.Action {
	case "INSERT":
		op = "c"
	case "MODIFY":
		op = "u"
	case remove:
		op = "d"
	}
	switch {
	case op == "":
		return errNotChange
	case r.Data.IsStandIn():
		return errNoImage
	case !r.Data.KnownJSON() && !jsonscan.Valid(data):
		return errNotJSON
	}
	before, after := null, data
	if c, err := readChange(r.Raw); err == nil && c.old != nil {
		before = c.old
	} else if op == "d" {
		before = data
	}
	if op == "d" {
		after = null
	}
	w.out = append(append(w.out, `{"before":`...), before...)
	w.out = append(append(w.out, `,"after":`...), after...)
	w.source(r)
	w.text(`,"op":"`)
	w.text(op)
	w.text(`"`)
	w.millis(r)
	w.text("}")
	return nil
}

var null = []byte("null")

// source appends the member source.
func (w *enveloper) source(r *engine.Record) {
	w.text(`,"source":{"version":"1.0","connector":"dynamodb","name":`)
	w.string(w.Source)
	w.millis(r)
	w.text(`,"snapshot":"false","db":`)
	w.string(w.arnPart(3))
	w.text(`,"sequence":`)
	w.string(r.Seq)
	w.text(`,"table":`)
	w.string(tableName(w.arnPart(5)))
	w.text("}")
}

// tableName returns the table in the last part of a stream's ARN, table/NAME/stream/TIME.
func tableName(resource string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(resource, "table/"), "/")
	return name
}

// millis appends the time of the change. It does for both times of an event, so that a
// record that comes again becomes the same event.
func (w *enveloper) millis(r *engine.Record) {
	w.text(`,"ts_ms":`)
	w.out = strconv.AppendInt(w.out, max(r.Arrived, 0), 10)
}
