package functionmodel

import (
	"time"

	"fanout/engine"
	"fanout/lambda/envelope"
)

// judgeDiversion checks that an envelope was due: its record was rejected permanently, or is too old.
func (w *world) judgeDiversion(t *modelTarget, e *envelope.Envelope) {
	passing := e.Class == engine.Retryable.String() || e.Class == engine.Throttled.String()
	age := time.Since(e.Arrived)
	if t.merges() { // a message is as old as its oldest record
		for _, rd := range t.source.readers {
			for _, r := range rd.all {
				age = max(age, time.Since(r.created))
			}
		}
	}
	if passing && (t.spec.MaxAge == 0 || age < time.Duration(t.spec.MaxAge)*time.Second) {
		w.Broken(diverting, "target %s: record %s went to onFailure after %v, and might have been delivered yet", t, e.Sequence, age)
	}
}

// judgeLetter checks the data in an envelope of t that is not of a message, and that stages fail
// exactly the records of which it says that they have not passed them. names are the user records in
// it.
func (w *world) judgeLetter(t *modelTarget, e *envelope.Envelope, names []string) {
	staged := e.Staged != w.Restage
	src := w.names[names[0]]
	if t.merges() && staged {
		return
	}
	if src == nil || t.part(src, names[0]) == nil {
		w.Broken(intact, "target %s: an envelope has %s, which its stages do not make", t, names[0])
		return
	}
	p, data := t.part(src, names[0]), string(e.Data)
	if staged == (p.end == fails) {
		w.Broken(intact, "target %s: the envelope of %s of record %s has staged %v, and passed %q: %s", t, names[0], e.Sequence, staged, e.Passed, e.Error)
		return
	}
	if staged && t.spec.Compress != "" {
		data, _ = inflate(data)
	}
	if data != p.data {
		w.Broken(intact, "target %s: the envelope of %s of record %s has the data %q; want %q", t, names[0], e.Sequence, data, p.data)
	}
}
