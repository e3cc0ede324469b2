// Package envelope is how a record travels that its target could not take: to the
// target named by onFailure, and back through `fanout redrive`.
package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"fanout/engine"
)

// Version is written into every envelope.
const Version = 1

// Envelope is a record and why it was not delivered. In JSON, Data is base64.
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
	Data     []byte    `json:"data"`

	// Staged says that Data is as it was to be sent: the target's stages have run.
	Staged bool `json:"staged"`

	Class    string    `json:"errorClass"`
	Error    string    `json:"error"`
	Attempts int       `json:"attempts"` // made; 0: it was never sent
	Time     time.Time `json:"time"`     // it was given up
}

// Wrap returns the envelope of a record that a target of source did not take.
func Wrap(source, target string, r engine.Rejected, now time.Time) Envelope {
	e := Envelope{
		Version: Version, Source: source, Target: target,
		Shard: r.Record.Lane, Sequence: r.Record.Seq, Sub: r.Record.Sub,
		Key: r.Record.Key, HashKey: r.Record.HashKey, Action: r.Record.Action,
		Data: r.Record.Data.Bytes(), Staged: !r.Unstaged,
		Class: engine.ClassOf(r.Err).String(), Error: r.Err.Error(), Attempts: r.Attempts, Time: now.UTC(),
	}
	if r.Record.Arrived > 0 {
		e.Arrived = time.UnixMilli(r.Record.Arrived).UTC()
	}
	return e
}

// Marshal returns the envelope in JSON, in one line.
func (e *Envelope) Marshal() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Parse reads an envelope. Its error says what is wrong, and shows none of it.
func Parse(data []byte) (Envelope, error) {
	var e Envelope
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&e); err != nil {
		return e, errors.New("it is not JSON of an envelope")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("something follows the envelope")
	}
	switch {
	case e.Version == 0:
		return e, errors.New(`it is not an envelope: "fanout" is missing`)
	case e.Version != Version:
		return e, fmt.Errorf("its version is %d, and this fanout knows version %d", e.Version, Version)
	case e.Source == "" || e.Target == "":
		return e, errors.New("it names no source and target")
	}
	return e, nil
}

// Record returns the record inside.
func (e *Envelope) Record() engine.Record {
	r := engine.Record{
		Key: e.Key, HashKey: e.HashKey, Data: engine.Bytes(e.Data), Lane: e.Shard,
		Seq: e.Sequence, Sub: e.Sub, Action: e.Action,
	}
	if !e.Arrived.IsZero() {
		r.Arrived = e.Arrived.UnixMilli()
	}
	return r
}
