// Package envelope defines the form of a record that its target could not take. An envelope
// goes to the target named by onFailure, and returns through `fanout redrive`.
package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"fanout/engine"
	"fanout/sinks"
)

// Version is written into every envelope.
const Version = 1

// Envelope holds a record and the reason why it was not delivered. In JSON, Data is base64.
type Envelope struct {
	Version  int       `json:"fanout"`
	Source   string    `json:"source"` // ARN
	Target   string    `json:"target"` // id
	Shard    string    `json:"shard,omitempty"`
	Sequence string    `json:"sequence,omitempty"`
	Sub      int       `json:"subSequence,omitempty"`
	Key      string    `json:"key,omitempty"`
	HashKey  string    `json:"hashKey,omitempty"`
	Action   string    `json:"action,omitempty"`
	Arrived  time.Time `json:"arrived,omitzero"` // at the source
	Data     []byte    `json:"data"`             // nil only if Unreadable, or if there is a Reference

	// Unreadable means that the source's data could not be read.
	Unreadable bool `json:"unreadable,omitempty"`

	// Reference leads to the whole envelope, which was too large for its destination. Data and
	// Event are then missing here.
	Reference *sinks.Reference `json:"reference,omitempty"`

	// Event is the source record as it stood in the event. It is set if the target sends
	// it, or if Data could not be read.
	Event json.RawMessage `json:"event,omitempty"`

	// NoImage means that the source gave no image of the item, so Data holds its keys.
	NoImage bool `json:"noImage,omitempty"`

	// Records is the number of records in Data, if a stage combined several into one
	// message. The other fields then describe the first record.
	Records int `json:"records,omitempty"`

	// Staged means that Data is ready to send: the target's stages have run.
	Staged bool `json:"staged"`

	// Passed names the stages that have run, if Staged is false.
	Passed []string `json:"passed,omitempty"`

	Class    string    `json:"errorClass"`
	Error    string    `json:"error"`
	Attempts int       `json:"attempts"` // 0: it was never sent
	Time     time.Time `json:"time"`     // when it was given up
}

// Wrap returns the envelope of a record that a target of source could not take.
func Wrap(source, target string, r engine.Rejected, now time.Time) Envelope {
	e := Envelope{
		Version: Version, Source: source, Target: target,
		Shard: r.Record.Lane, Sequence: r.Record.Seq, Sub: r.Record.Sub,
		Key: r.Record.Key, HashKey: r.Record.HashKey, Action: r.Record.Action,
		Data: r.Record.Data.Bytes(), Staged: !r.Unstaged,
		Unreadable: r.Record.Data.Err() != nil, NoImage: r.Record.Data.IsStandIn(),
		Class: engine.ClassOf(r.Err).String(), Error: r.Err.Error(), Attempts: r.Attempts, Time: now.UTC(),
	}
	if e.Unreadable {
		e.Event = r.Record.Raw
	} else if e.Data == nil {
		e.Data = []byte{} // the record is empty
	}
	if parts := r.Record.Parts(); len(parts) > 1 {
		e.Records = len(parts)
	}
	if r.Record.Arrived > 0 {
		e.Arrived = time.UnixMilli(r.Record.Arrived).UTC()
	}
	return e
}

// Marshal returns the envelope as one line of JSON.
func (e *Envelope) Marshal() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Parse reads an envelope. Its error names the fault without quoting the envelope.
func Parse(data []byte) (Envelope, error) {
	var e Envelope
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&e); err != nil {
		return e, errors.New("it is not the JSON of an envelope")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("there is text after the envelope")
	}
	switch {
	case e.Version == 0:
		return e, errors.New(`it is not an envelope: "fanout" is missing`)
	case e.Version != Version:
		return e, fmt.Errorf("its version is %d, but this fanout reads version %d", e.Version, Version)
	case e.Source == "" || e.Target == "":
		return e, errors.New("its source or target is missing")
	case e.Reference != nil && (e.Reference.Bucket == "" || e.Reference.Key == "" || e.Reference.Bytes < 0):
		return e, errors.New("its reference has no bucket, key or number of bytes")
	case e.Data == nil && !e.Unreadable && e.Reference == nil: // it would become an empty record
		return e, errors.New("its data is missing; an empty record has \"\"")
	}
	if len(e.Event) > 0 {
		var b bytes.Buffer
		_ = json.Compact(&b, e.Event) // it was just read
		e.Event = b.Bytes()
	}
	return e, nil
}

// Stored returns what is sent in place of e, which is stored whole at ref.
func (e Envelope) Stored(ref *sinks.Reference) *Envelope {
	e.Data, e.Event, e.Reference = nil, nil, ref
	return &e
}

// Whole returns the envelope whose object is data. It must be the one that e stands for.
func (e *Envelope) Whole(data []byte) (Envelope, error) {
	whole, err := Parse(data)
	if err != nil || whole.Source != e.Source || whole.Target != e.Target || whole.Reference != nil || Compare(&whole, e) != 0 {
		return whole, errors.New("the object of its reference is not the envelope")
	}
	return whole, nil
}

// Record returns the record inside.
func (e *Envelope) Record() engine.Record {
	r := engine.Record{
		Key: e.Key, HashKey: e.HashKey, Data: engine.Bytes(e.Data), Lane: e.Shard,
		Seq: e.Sequence, Sub: e.Sub, Action: e.Action, Raw: e.Event,
	}
	if e.NoImage {
		r.Data.StandIn()
	}
	if e.Unreadable {
		r.Data = engine.Unreadable(errors.New("the data of the source record could not be read; the envelope's event has the original"))
	}
	if !e.Arrived.IsZero() {
		r.Arrived = e.Arrived.UnixMilli()
	}
	return r
}
