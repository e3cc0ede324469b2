package stages

import (
	"context"
	"errors"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/internal/jsonscan"
)

// Transform runs a jq program on each record. Every result is a record, and a record
// without a result is filtered. A record on which the program fails, or exceeds a bound,
// fails alone.
//
// The input is the data, if it is JSON, or a string with it. Data that is neither JSON nor
// text is null.
type Transform struct {
	Program *jq.Program
	Text    bool   // results that are strings become their content, not JSON
	Source  string // ARN, for $source

	// PlainOld converts the old image for $old to plain JSON. The source record has it in
	// DynamoDB JSON.
	PlainOld bool

	// Bytes bounds the memory of the results of a lane. Later records fail, to come
	// again in another batch. The record that exceeds the bound still passes. 0 sets no
	// bound.
	Bytes int
}

// Name returns "transform", whatever the program is: an envelope of an earlier program
// must not pass through the next one.
func (Transform) Name() string { return "transform" }

// ReadsSource reports whether the program looks at the old image, or at attributes.
func (t Transform) ReadsSource() bool { return usesSource(t.Program) }

func usesSource(p *jq.Program) bool { return p.Uses("$old") || p.Uses("$attributes") }

// Process runs the program.
func (t Transform) Process(ctx context.Context, in []engine.Record, out *engine.Out) {
	for i := range in {
		if ctx.Err() != nil {
			return // the engine fails the rest, to be sent again
		}
		if t.Bytes > 0 && out.Use(0) >= t.Bytes {
			out.Fail(placed(&in[i]), engine.Errorf(engine.Retryable, "transform: the results of the batch take more than %d bytes, so this record must come again; lower the batch size of the event source mapping, or give the function more memory", t.Bytes))
			continue
		}
		out.Use(t.record(ctx, &in[i], out))
	}
}

// record runs the program on a record, and returns the memory of its results.
func (t Transform) record(ctx context.Context, r *engine.Record, out *engine.Out) (bytes int) {
	input, err := programInput(t.Program, r, t.Source, t.PlainOld)
	var results [][]byte
	if err == nil {
		err = t.Program.Run(ctx, &input, t.Text, func(result []byte) error {
			results = append(results, result)
			return nil
		})
	}
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		out.Fail(placed(r), engine.Errorf(engine.Permanent, "transform: %w", err))
		return 0
	case len(results) == 0:
		out.Filter(placed(r))
		return 0
	}
	cells := engine.NewPayloads(len(results))
	for i, result := range results {
		child := r.With(cells.Bytes(result))
		child.Sub = subOf(r.Sub, i)
		out.Emit(child)
		bytes += len(result) + perRecord
	}
	return bytes
}

// subBits is the number of bits for the place of a result. A program makes fewer results
// than they count, and an aggregate has fewer user records: one takes at least 6 of its
// [MaxDecompressed] bytes.
const subBits = 24

// subOf returns the place of a result in its source record. Results of user records of an
// aggregate have places of their own, in order. A user record that came back in an envelope,
// because the program failed on it, has its place already.
func subOf(parent, i int) int {
	if parent < 1<<subBits {
		parent <<= subBits
	}
	return parent | i
}

// placed returns r, which has no results, with the place of its first result. Otherwise
// places of user records would mix with those of results, and neither the engine nor a
// redrive could tell which comes first.
func placed(r *engine.Record) engine.Record {
	lost := *r
	if lost.Sub = subOf(r.Sub, 0); lost.Sub != r.Sub {
		lost.Raw = nil // it is that of the aggregate
	}
	return lost
}

// programInput returns the input of a program for a record.
func programInput(p *jq.Program, r *engine.Record, source string, plainOld bool) (jq.Record, error) {
	input := jq.Record{
		Data: r.Data.Bytes(), Key: r.Key, Action: r.Action, Source: source, Shard: r.Lane, Sequence: r.Seq, Arrived: r.Arrived,
	}
	if p.Uses("$attributes") {
		input.Attributes = attributesOf(r)
	}
	if !p.Uses("$old") {
		return input, nil
	}
	input.Old = oldImage(r.Raw)
	if !plainOld || input.Old == nil {
		return input, nil
	}
	c := converter{out: make([]byte, 0, len(input.Old))}
	if err := c.convert(input.Old); err != nil {
		return input, err
	}
	input.Old = c.out
	return input, nil
}

// oldImage returns the old image in a DynamoDB source record, or nil.
func oldImage(raw []byte) (image []byte) {
	c := jsonscan.Cursor{Text: raw, AnyBytes: true}
	c.Object(func(name jsonscan.Value) bool {
		change := string(name.Content()) == "dynamodb"
		_, ok := c.Object(func(name jsonscan.Value) bool {
			v, ok := c.Value()
			if change && string(name.Content()) == "OldImage" {
				image = v.Raw
			}
			return ok
		})
		return ok
	})
	return image
}

// Key sets the key of each record to the first result of a jq program. A record without
// a result, or with null or "", keeps its key.
type Key struct {
	Program  *jq.Program
	Source   string // ARN, for $source
	PlainOld bool   // as in Transform
	Bytes    int    // bounds the keys of a lane, as in Transform
}

// Name returns "key".
func (Key) Name() string { return "key" }

// Rekeys tells the engine that records get other keys.
func (Key) Rekeys() {}

// ReadsSource reports whether the program looks at the old image, or at attributes.
func (k Key) ReadsSource() bool { return usesSource(k.Program) }

// Process sets the keys. The explicit hash key goes with the key that it belongs to.
func (k Key) Process(ctx context.Context, in []engine.Record, out *engine.Out) {
	out.Grow(len(in))
	for _, r := range in {
		if ctx.Err() != nil {
			return
		}
		if k.Bytes > 0 && out.Use(0) >= k.Bytes {
			out.Fail(r, engine.Errorf(engine.Retryable, "key: the keys of the batch take more than %d bytes, so this record must come again; write a program with shorter results", k.Bytes))
			continue
		}
		input, err := programInput(k.Program, &r, k.Source, k.PlainOld)
		key := ""
		if err == nil {
			key, _, err = k.Program.First(ctx, &input)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			out.Fail(r, engine.Errorf(engine.Permanent, "key %s: %w%s", k.Program.Brief(), err, keyRemedy(k.Program, err)))
			continue
		case key != "" && key != r.Key:
			out.Use(len(key))
			r.Key, r.HashKey = key, ""
		}
		out.EmitWithSource(r, r.Raw)
	}
}

// keyRemedy says how to keep records on which the program for the key fails.
func keyRemedy(p *jq.Program, err error) string {
	if _, failed := errors.AsType[jq.Failure](err); !failed {
		return ""
	}
	return "; write (" + p.Brief() + ")? and such records keep their own keys"
}
