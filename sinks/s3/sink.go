// Package s3 delivers records to objects in a bucket of Amazon S3, a line each.
package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/awscall"
	"fanout/internal/compress"
	"fanout/sinks/internal/bucket"
	"fanout/sinks/internal/request"
)

// maxBytes is the largest object of PutObject, in bytes (Amazon S3 user guide, Uploading
// objects).
const maxBytes = 5 << 30

// Sink writes each request as an object: lines of JSON, whole or not at all. Its key names the
// records in it, so the same records always replace the same object.
type Sink struct {
	client *awscall.Client
	form   *request.Form
	format string // of compression; "": none
	keys   keys
	name   string
}

// Options are the settings of a Sink.
type Options struct {
	Bucket, Prefix string // see [Parse]
	Source, Target string // the source's ARN and the target's id
	Compress       string // gzip or zstd; "": not compressed
}

// New returns a sink for a bucket. The prefix must be one that [Parse] accepts.
func New(cfg aws.Config, o Options) (*Sink, error) {
	s := &Sink{client: awscall.NewBucket(cfg, o.Bucket), format: o.Compress, name: "s3 " + o.Bucket}
	contentType, suffix := "application/x-ndjson", ".jsonl"
	switch o.Compress {
	case compress.Gzip:
		contentType, suffix = "application/gzip", ".jsonl.gz"
	case compress.Zstd:
		contentType, suffix = "application/zstd", ".jsonl.zst"
	}
	s.form = bucket.Form(contentType)
	var err error
	s.keys, err = newKeys(o, suffix)
	return s, err
}

// String returns "s3", a space and the bucket.
func (s *Sink) String() string { return s.name }

// Limits returns the limits of PutObject. Only the bounds of a batch bound an object.
func (s *Sink) Limits() engine.Limits {
	return engine.Limits{Bytes: maxBytes, Whole: true, Copies: s.format != ""}
}

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Pack returns an empty request. It takes records of one shard.
func (s *Sink) Pack(context.Context) engine.Packing { return &packing{sink: s} }

// packing is an object under construction.
type packing struct {
	sink *Sink
	recs []engine.Record
}

// Add implements engine.Packing.
func (p *packing) Add(r *engine.Record) bool {
	if len(p.recs) > 0 && p.recs[0].Lane != r.Lane {
		return false
	}
	p.recs = append(p.recs, *r)
	return true
}

// Send implements engine.Packing.
func (p *packing) Send(ctx context.Context) engine.Outcome { return p.sink.Send(ctx, p.recs) }

// Send puts one object.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	put := bucket.NewPut(s.name, s.form, request.TextLen(batch))
	if err := s.write(put.Body(), batch); err != nil {
		put.Body().Free()
		return engine.Failed(engine.Errorf(engine.Permanent, "%s: the object cannot be compressed: %w", s.name, err))
	}
	if err := put.Send(ctx, s.client, s.keys.of(batch, put.Body().Hash())); err != nil {
		return engine.Failed(err)
	}
	return engine.Outcome{}
}

// write writes the object.
func (s *Sink) write(b *request.Body, batch []engine.Record) (err error) {
	if s.format == "" {
		for i := range batch {
			appendLine(b, batch[i].Data)
		}
		return nil
	}
	plain := request.NewBody(request.TextLen(batch))
	defer plain.Free()
	for i := range batch {
		appendLine(plain, batch[i].Data)
	}
	c := compress.Get()
	defer c.Free()
	b.Buf, err = c.Append(b.Buf, s.format, plain.Joined())
	return err
}
