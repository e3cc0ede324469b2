// Package fill fills in the templates of destinations for single records.
package fill

import (
	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks/internal/ids"
)

// Append appends the text of a template for r, a record of a source. The error is
// permanent, and begins with what the text is for.
func Append(b []byte, t *jq.Template, r *engine.Record, source, what string) ([]byte, error) {
	input := jq.Record{Source: source, Data: r.Data.Bytes(), Arrived: r.Arrived}
	if one := ids.Single(r); one != nil {
		input.Key, input.Action, input.Shard, input.Sequence = one.Key, one.Action, one.Lane, one.Seq
	}
	b, err := t.Append(b, &input)
	if err != nil {
		return b, engine.Errorf(engine.Permanent, "%s: %w", what, err)
	}
	return b, nil
}
