package jq

import (
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// Program is a compiled program. Equal texts have the same Program while one is in use,
// so programs can be compared. It is safe for concurrent use.
type Program struct {
	text     string
	path     []string // of a program such as .customer.id, which First reads without gojq
	query    *gojq.Query
	uses     [len(variables)]bool
	machines sync.Pool // of *machine
}

// variables are the variables of a program.
var variables = [...]string{"$key", "$action", "$source", "$shard", "$sequence", "$arrived", "$old", "$base64", "$attributes"}

// Record is the record that a program sees.
type Record struct {
	Data                                 []byte
	Key, Action, Source, Shard, Sequence string
	Arrived                              int64  // Unix milliseconds; 0: unknown
	Old                                  []byte // the old image of a DynamoDB item, in JSON; nil: none
	Attributes                           []byte // the attributes of a message, in JSON; nil: none
}

// String returns the text of the program.
func (p *Program) String() string { return p.text }

// Brief returns the beginning of the program's text, for a message.
func (p *Program) Brief() string { return brief(p.text) }

// Uses reports whether the program uses a variable, such as $old.
func (p *Program) Uses(variable string) bool {
	for i, name := range variables {
		if name == variable {
			return p.uses[i]
		}
	}
	return false
}

// machine runs a program, for one record at a time. The guards in its code count for its
// meter.
type machine struct {
	code     *gojq.Code
	meter    meter
	patterns int // regular expressions that ran
}

// maxPatterns is the number of regular expressions that a machine runs. gojq keeps each
// of them, and a program may take them from records.
const maxPatterns = 1000

// machine returns a machine that is not in use.
func (p *Program) machine() (*machine, error) {
	if m, ok := p.machines.Get().(*machine); ok {
		return m, nil
	}
	m := new(machine)
	var err error
	m.code, err = gojq.Compile(p.query, m.options()...)
	return m, err
}

// Run runs the program on a record, and calls each with every result. The results are
// JSON, or the content of strings if text is set. The error is one sentence without data.
func (p *Program) Run(ctx context.Context, r *Record, text bool, each func(result []byte) error) error {
	left := MaxOutput
	outputs := 0
	return p.run(ctx, r, func(v any) error {
		if outputs++; outputs > MaxOutputs {
			return errOutputs
		}
		result, err := marshal(v, text, left)
		if err != nil {
			return err
		}
		left -= len(result)
		return each(result)
	})
}

// First returns the first result of the program as text: the content of a string, or
// JSON. It reports false if there is none, or if it is null.
func (p *Program) First(ctx context.Context, r *Record) (text string, ok bool, err error) {
	if p.text == "$key" {
		return r.Key, true, nil
	}
	if p.path != nil {
		if text, ok, err = p.at(r.Data); !errors.Is(err, errNotSimple) {
			return text, ok, err
		}
	}
	err = p.run(ctx, r, func(v any) error {
		if v == nil {
			return errEnough
		}
		result, err := marshal(v, true, maxText)
		if errors.Is(err, errOutput) {
			return errText
		}
		if err != nil {
			return err
		}
		text, ok = string(result), true
		return errEnough
	})
	return text, ok, err
}

// maxText is the maximum length of a result of First, in bytes.
const maxText = 64 << 10

const errText bound = "the result of the program has more than 64 KiB"

// errEnough ends a run without an error.
const errEnough bound = ""

// errPanic says that gojq has a mistake.
const errPanic bound = "the program cannot run on the record, because of a mistake in gojq"

func (p *Program) run(ctx context.Context, r *Record, each func(v any) error) (err error) {
	defer func() {
		if recover() != nil { // its machine is not used again
			err = errPanic
		}
	}()
	m, err := p.machine()
	if err != nil {
		return err // the program compiled before, so this cannot happen
	}
	m.meter.start(ctx)
	data, values, err := p.input(r)
	if err != nil {
		return err
	}
	iter := m.code.RunWithContext(&m.meter, data, values[:]...) //nolint:contextcheck // the meter has ctx
	for {
		v, ok := iter.Next()
		if m.meter.err != nil {
			return m.meter.err
		}
		if !ok {
			break
		}
		if err, failed := v.(error); failed {
			return p.reason(err)
		}
		if err := each(v); errors.Is(err, errEnough) {
			break
		} else if err != nil {
			return err
		}
	}
	if m.patterns += m.meter.patterns; m.patterns < maxPatterns {
		p.machines.Put(m)
	}
	return nil
}

// input returns the input of the program and the values of the variables.
func (p *Program) input(r *Record) (data any, values [len(variables)]any, err error) {
	data, isJSON, err := decode(r.Data)
	if err != nil {
		return nil, values, err
	}
	binary := false
	if !isJSON {
		if binary = !utf8.Valid(r.Data); binary {
			data = nil
		} else {
			data = string(r.Data)
		}
	}
	for i, given := range [...]string{r.Key, r.Action, r.Source, r.Shard, r.Sequence} {
		values[i] = given
	}
	if r.Arrived > 0 {
		values[5] = int(r.Arrived)
	}
	if r.Old != nil && p.Uses("$old") {
		if values[6], _, err = decode(r.Old); err != nil {
			return nil, values, err
		}
	}
	if binary && p.Uses("$base64") {
		values[7] = base64.StdEncoding.EncodeToString(r.Data)
	}
	if r.Attributes != nil && p.Uses("$attributes") {
		if values[8], _, err = decode(r.Attributes); err != nil {
			return nil, values, err
		}
	}
	return data, values, nil
}

// marshal returns a result as JSON, or the content of a string if text is set.
func marshal(v any, text bool, limit int) ([]byte, error) {
	if s, ok := v.(string); ok && text {
		if len(s) > limit {
			return nil, errOutput
		}
		return []byte(s), nil
	}
	e := encoder{limit: limit}
	if err := e.value(v, 0); err != nil {
		return nil, err
	}
	return e.b, nil
}
