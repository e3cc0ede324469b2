// Package mask is a stage that hides fields of JSON records.
package mask

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"fanout/engine"
	"fanout/stages"
)

// Stage is the type of the stage. A target asks for it with
//
//	stages: [{mask: {fields: [iban, card]}}]
var Stage = &stages.Type{Name: "mask", Place: stages.Own, New: newMask}

func newMask(s *stages.Settings) (engine.Stage, error) {
	var o struct {
		Fields []string `json:"fields"`
	}
	if err := stages.Options(s, &o); err != nil {
		return nil, err
	}
	var faults []error
	for i, field := range o.Fields {
		if field == "" || strings.ContainsRune(field, separator) {
			faults = append(faults, fmt.Errorf("fields[%d]: is not the name of a field", i))
		}
	}
	if len(o.Fields) == 0 {
		faults = append(faults, errors.New("fields: is missing; write the names of the fields to hide"))
	}
	return mask{strings.Join(o.Fields, string(separator))}, errors.Join(faults...)
}

// mask hides fields. It is comparable, so targets with equal options share its work.
type mask struct{ fields string }

const separator = '\x00'

// Name names the stage in plans, logs and envelopes.
func (m mask) Name() string {
	return "mask " + strings.ReplaceAll(m.fields, string(separator), ",")
}

// Process replaces the values of the fields at the top level by "***". A record that is not
// a JSON object fails alone.
func (m mask) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		masked, err := m.hide(r.Data.Bytes())
		if err != nil {
			out.Fail(r, engine.Errorf(engine.Permanent, "mask: the record is not a JSON object"))
			continue
		}
		out.Emit(r.With(engine.Bytes(masked)))
	}
}

func (m mask) hide(data []byte) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return nil, errors.New("not an object")
	}
	for field := range strings.SplitSeq(m.fields, string(separator)) {
		if _, ok := object[field]; ok {
			object[field] = json.RawMessage(`"***"`)
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(object)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
