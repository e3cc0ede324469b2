// Package fill fills in the templates of destinations for single records.
package fill

import (
	"context"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks/internal/ids"
)

// Append appends the text of a template for r, a record of a source. The error begins with
// what the text is for. It is permanent, or retryable if ctx ended.
func Append(ctx context.Context, b []byte, t *jq.Template, r *engine.Record, source, what string) ([]byte, error) {
	input := jq.Record{Source: source, Data: r.Data.Bytes(), Arrived: r.Arrived}
	if one := ids.Single(r); one != nil {
		input.Key, input.Action, input.Shard, input.Sequence = one.Key, one.Action, one.Lane, one.Seq
		input.Data = one.Data.Bytes() // r may be a reference to it
	}
	b, err := t.Append(ctx, b, &input)
	switch {
	case err == nil:
		return b, nil
	case ctx.Err() != nil:
		return b, engine.Errorf(engine.Retryable, "%s: the time was over before the places had values: %w", what, context.Cause(ctx))
	}
	return b, engine.Errorf(engine.Permanent, "%s: %w", what, err)
}
