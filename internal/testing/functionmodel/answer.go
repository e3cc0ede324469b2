package functionmodel

import (
	"slices"

	"fanout/lambda/event"
)

// judgeAnswer checks that the answer of v names, for each batch, exactly the first record that some
// target lacks.
func (w *world) judgeAnswer(v *invocation, lacking map[*sourceRecord]bool) {
	failed := false
	for _, r := range v.readers {
		first := slices.IndexFunc(r.batch(), func(rec *sourceRecord) bool { return lacking[rec] })
		failed = failed || first >= 0
		switch {
		case v.err != nil:
		case r.source.kind == event.SQS:
			w.judgeMessages(v, r, lacking)
		case r.source.kind == event.Kafka:
			w.judgeOffsets(v, r, lacking)
		default:
			w.judgeCheckpoint(v, r, first)
		}
	}
	switch {
	case v.err != nil && !failed:
		w.Broken(answered, "the answer is error %v, and nothing failed", v.err)
	case v.err == nil && failed && !w.batchItemFailures:
		w.Broken(answered, "the answer is no error, and something failed")
	case v.err != nil && w.batchItemFailures && !w.nameless(v, lacking):
		w.Broken(answered, "the answer is error %v, and it could name the records that failed", v.err)
	}
}

// judgeCheckpoint checks that the answer lets r pass to the first record that some target lacks, or
// to the end of the batch if first is negative.
func (w *world) judgeCheckpoint(v *invocation, r *reader, first int) {
	batch := r.batch()
	if first < 0 {
		first = len(batch)
	}
	for first > 0 && first < len(batch) && batch[first].sameNumber(batch[first-1]) {
		first-- // records with the same number come again together
	}
	named := slices.DeleteFunc(w.named(v), func(seq string) bool {
		return !slices.ContainsFunc(batch, func(rec *sourceRecord) bool { return rec.seq == seq })
	})
	if len(named) > 1 {
		w.Broken(answered, "the answer %s names several records of a batch", v.answer)
	}
	switch n := w.passed(v, r); {
	case n > first:
		w.Broken(answered, "the answer %s passes over record %s", v.answer, batch[first].seq)
	case n < first:
		w.Broken(answered, "the answer %s stops at record %s, and %d records need not be sent again", v.answer, batch[n].seq, first-n)
	}
}

// nameless reports whether something failed that batchItemFailures cannot name: a notification, a
// record without a sequence number, or the records of a source whose targets are unknown.
func (w *world) nameless(v *invocation, lacking map[*sourceRecord]bool) bool {
	if slices.ContainsFunc(v.records, func(r *sourceRecord) bool { return r.seq == "" && lacking[r] }) {
		return true
	}
	return slices.ContainsFunc(v.readers, func(r *reader) bool {
		return r.source.kind == event.SNS || !w.reported(r.batch()[0])
	})
}

// reported reports whether a record is in a result of the round.
func (w *world) reported(r *sourceRecord) bool {
	return slices.ContainsFunc(w.results, func(result Result) bool {
		for i := range result.Records {
			if w.sourceOf(&result.Records[i]) == r {
				return true
			}
		}
		return false
	})
}
