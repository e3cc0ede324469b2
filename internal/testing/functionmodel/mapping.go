package functionmodel

import (
	"slices"
	"time"

	"fanout/lambda/event"
)

// mapping is an event source mapping (AWS Lambda developer guide, Using Lambda to process records
// from Amazon Kinesis Data Streams).
type mapping struct {
	batchSize  int
	bisect     bool          // BisectBatchOnFunctionError
	maxRetries int           // MaximumRetryAttempts; below 0: no bound
	maxAge     time.Duration // MaximumRecordAge; 0: no bound
}

func (w *world) drawMapping() mapping {
	m := mapping{batchSize: 1 + w.IntN(15), bisect: w.OneIn(2), maxRetries: w.IntN(6)}
	if w.OneIn(4) {
		m.maxAge = time.Duration(60+w.IntN(120)) * time.Second
	}
	if w.OneIn(2) {
		m.maxRetries = -1
	}
	return m
}

// reader reads a shard, or a part of its keys, in batches.
type reader struct {
	source *source
	shard  string
	all    []*sourceRecord
	rest   []*sourceRecord // behind the checkpoint
	size   int             // of the current batch; 0: there is none
	failed int             // attempts at the current batch
}

// parallelize returns the readers of a shard: one, or one for each part of the keys, as with a
// ParallelizationFactor.
func (s *source) parallelize(records []*sourceRecord, factor int) []*reader {
	readers := make([]*reader, factor)
	for i := range readers {
		readers[i] = &reader{source: s}
	}
	for _, r := range records {
		rd := readers[int(r.key[len(r.key)-1])%factor]
		rd.shard, rd.all = r.shard, append(rd.all, r)
		rd.rest = rd.all
	}
	return readers
}

// batch returns the current batch.
func (r *reader) batch() []*sourceRecord { return r.rest[:r.size] }

// drawBatch draws the size of the next batch, unless there is a current one.
func (w *world) drawBatch(r *reader) {
	if r.size > 0 {
		return
	}
	r.size = min(len(r.rest), 1+w.IntN(r.source.batchSize))
	if r.source.kind == event.SNS {
		r.size = 1
	}
	for r.size < len(r.rest) && r.rest[r.size].sameNumber(r.rest[r.size-1]) {
		r.size++ // Lambda never splits a batch between equal numbers, because streams have none
	}
}

// advance moves the checkpoint behind n records of the current batch.
func (r *reader) advance(n int) {
	if n > 0 {
		r.failed = 0
	}
	r.rest, r.size = r.rest[n:], r.size-n
}

// fail notes that the current batch failed. Lambda sends it again, until it gives the batch up. If
// the whole invocation failed, it may send the batch in halves.
func (w *world) fail(r *reader, wholly bool) {
	s := r.source
	r.failed++
	w.Count("failed batches", 1)
	expired := func(rec *sourceRecord) bool { return time.Since(rec.created) > s.maxAge }
	giveUp := s.maxRetries >= 0 && r.failed > s.maxRetries || s.maxAge > 0 && slices.ContainsFunc(r.batch(), expired)
	switch {
	case wholly && s.bisect && r.size > 1:
		w.Count("bisects", 1)
		r.size = (r.size + 1) / 2
	case giveUp:
		w.Count("records given up", r.size)
		for _, rec := range r.batch() {
			rec.givenUp = true
		}
		r.advance(r.size)
	}
}
