package functionmodel

import (
	"fmt"

	"fanout/engine"
	"fanout/internal/testing/modelkit"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// source is a stream, topic or queue, with its targets and its mapping.
type source struct {
	arn           string
	kind          event.Kind
	configuration []target.Loaded
	targets       map[string]*modelTarget // by id
	mapping
	readers []*reader

	readErrors  int  // times that its targets cannot be read
	emptyReads  int  // times that the table has none of its targets
	sameNumbers bool // it numbers shards and records as others do
	badNumbers  bool // some records have no sequence number, or that of the record before
	keysOnly    bool // the stream of a table has no images
	namedKeys   bool // the key of an item has the name of its user record, and so does the old image
	compresses  bool // some records are compressed
	fair        bool // messages of a standard queue have groups
}

var arns = map[event.Kind]string{
	event.Kinesis:  "arn:aws:kinesis:eu-west-1:123456789012:stream/model%d",
	event.DynamoDB: "arn:aws:dynamodb:eu-west-1:123456789012:table/Model%d/stream/2026-01-01T00:00:00.000",
	event.SNS:      "arn:aws:sns:eu-west-1:123456789012:model%d",
	event.Kafka:    "kafka://broker-%d:9092/model",
}

func (w *world) drawSource(i int) *source {
	s := &source{kind: event.Kinesis, targets: map[string]*modelTarget{}, mapping: w.drawMapping(), sameNumbers: w.sameNumbers}
	if w.OneIn(3) {
		s.kind = modelkit.Pick(w.Draw, event.DynamoDB, event.SNS)
	}
	form := arns[s.kind]
	if w.OneIn(4) {
		s.kind, form, s.fair = event.SQS, modelkit.Pick(w.Draw, queueARNs...), w.OneIn(2)
	}
	if s.kind == event.Kinesis && w.OneIn(4) {
		s.kind, form = event.Kafka, arns[event.Kafka]
	}
	s.arn = fmt.Sprintf(form, i)
	if w.OneIn(4) {
		s.readErrors = w.IntN(5)
	}
	if w.OneIn(4) {
		s.emptyReads = w.IntN(3)
	}
	s.keysOnly = s.kind == event.DynamoDB && w.OneIn(3)
	s.namedKeys = s.kind == event.DynamoDB && w.OneIn(2)
	s.compresses = s.kind == event.Kinesis && w.OneIn(3)
	if s.badNumbers = s.kind != event.SNS && s.kind != event.SQS && s.kind != event.Kafka && w.OneIn(4); s.badNumbers {
		s.bisect = false // it would separate records with the same number
	}
	w.drawTargets(s)
	for shard := range 1 + w.IntN(3) {
		w.drawShard(s, fmt.Sprintf("%d.%d", i, shard))
	}
	return s
}

// drawShard draws the records and readers of a shard.
func (w *world) drawShard(s *source, shard string) {
	var records []*sourceRecord
	for n := range w.IntN(25) {
		records = append(records, w.drawRecord(s, shard, n))
	}
	if s.badNumbers {
		w.misnumber(records)
	}
	for _, r := range records {
		w.records[r.text()] = r
		for _, name := range r.names() {
			w.names[name], w.names[second(name)] = r, r
		}
		if s.kind == event.DynamoDB {
			w.records[r.changeText(r.images(true))] = r // convertDDB may change the source record
		}
	}
	factor := 1
	if s.kind == event.Kinesis && !s.badNumbers && w.OneIn(4) {
		factor = 2 + w.IntN(3)
	}
	s.readers = append(s.readers, s.parallelize(records, factor)...)
	if s.maxRetries < 0 && !s.deliverable(records) {
		s.maxRetries = 8 // otherwise a record would block its shard forever
	}
}

// deliverable reports whether all active targets are certain to get records, given time.
func (s *source) deliverable(records []*sourceRecord) bool {
	for _, r := range records {
		for _, t := range s.targets {
			fate, certain := t.faultlessFate(r, t.owes(r, "", map[string]bool{}))
			if t.spec.Active && (!certain || fate == engine.FateFailed) {
				return false
			}
		}
	}
	return true
}

// misnumber takes some sequence numbers away, and gives some records that of the record before.
func (w *world) misnumber(records []*sourceRecord) {
	for i, r := range records {
		switch {
		case w.OneIn(4):
			r.seq = ""
		case i > 0 && records[i-1].seq != "" && w.OneIn(4):
			r.seq = records[i-1].seq
		}
	}
}
