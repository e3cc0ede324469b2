package sinks

import (
	"context"
	"encoding/json"

	"fanout/engine"
	"fanout/internal/compress"
)

// Store keeps the data of records that are too large for their target. Its requests hold one
// record.
type Store interface {
	engine.Sink
	// Refer returns the reference to the data of r, which may not be stored yet. The same
	// record has the same reference.
	Refer(r *engine.Record) Reference
	// Read returns the data that a reference leads to. It fails if the data is missing, or is
	// not the data that was stored.
	Read(ctx context.Context, ref *Reference) ([]byte, error)
}

// ReferenceVersion is written into every reference.
const ReferenceVersion = 1

// Reference leads to data in a bucket.
type Reference struct {
	Version  int    `json:"fanoutReference"`
	Bucket   string `json:"bucket"`
	Key      string `json:"key"`
	Bytes    int    `json:"bytes"`
	SHA256   string `json:"sha256"`             // of the data, in hex
	Encoding string `json:"encoding,omitempty"` // gzip or zstd, if the data is compressed
}

// Write returns the reference in JSON, as s writes its records: with a newline, and compressed.
func (r *Reference) Write(s *Spec) engine.Payload {
	text, err := json.Marshal(r)
	if s.AppendNewlines {
		text = append(text, '\n')
	}
	if s.Compress != "" && err == nil {
		c := compress.Get()
		defer c.Free()
		text, err = c.Append(nil, s.Compress, text)
	}
	if err != nil {
		return engine.Unreadable(err)
	}
	return engine.Bytes(text)
}

// StoreSuffix is the end of the id of a store. Its beginning is the id of the target.
const StoreSuffix = " (oversize)"

// Store returns the target that stands for the store of s, if it has one. The calls to it have
// the role and the region of those to the target itself, and of a target without AWS those of
// the function.
func (s *Spec) Store() (Spec, bool) {
	if s.OversizeType == nil {
		return Spec{}, false
	}
	store := Spec{
		SourceARN: s.SourceARN, ID: s.ID + StoreSuffix, Type: s.OversizeType, Destination: s.Oversize, Active: s.Active,
		Collapse: CollapseNone, Compress: s.Compress, Parallel: true,
	}
	if s.Type == nil || !s.Type.NoAWS {
		store.Role, store.ExternalID, store.Region = s.Role, s.ExternalID, s.Region
	}
	return store, true
}

// WithStores returns targets, each followed by its store.
func WithStores(targets []Spec) []Spec {
	all := make([]Spec, 0, len(targets))
	for i := range targets {
		all = append(all, targets[i])
		if store, ok := targets[i].Store(); ok {
			all = append(all, store)
		}
	}
	return all
}
