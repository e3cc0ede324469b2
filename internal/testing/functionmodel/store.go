package functionmodel

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/modelkit"
	"fanout/lambda/envelope"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// bucketStore is the bucket for records that are too large for a target, as one process sees it.
type bucketStore struct{ *sink }

// objects are the objects of all buckets, by key. A crash leaves them.
type objects map[string][]byte

// Limits lets one record through.
func (bucketStore) Limits() engine.Limits { return engine.Limits{Records: 1} }

// Refer returns a reference that is shorter than most records.
func (s bucketStore) Refer(r *engine.Record) sinks.Reference {
	sum := sha256.Sum256(fmt.Append(nil, string(r.Data.Bytes()), s.target.source.arn, s.target.spec.ID, r.Lane, r.Seq, r.Sub))
	return sinks.Reference{Version: sinks.ReferenceVersion, Bucket: "b", Key: fmt.Sprintf("%x", sum[:4]), Bytes: r.Data.Len()}
}

// Read returns the data of an object.
func (s bucketStore) Read(_ context.Context, ref *sinks.Reference) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.objects[ref.Key]
	if !ok {
		return nil, errors.New("the object is missing")
	}
	return data, nil
}

// Send stores a record. The request may meet a fault.
func (s bucketStore) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.world.process != s.process {
		return engine.Failed(errCrash)
	}
	s.Count("records stored", 1)
	d, _ := s.drawFault(&batch[0])
	if d == nil {
		s.keep(&batch[0])
		return engine.Outcome{}
	}
	s.Count("faults of stores", 1)
	s.target.faultRound = s.round
	f := modelkit.Pick(d, throttled, unavailable, hangs, losesAnswer, crashes, crashesAfter)
	if f == losesAnswer || f == crashesAfter {
		s.keep(&batch[0])
	}
	switch f {
	case throttled:
		return engine.Failed(enginetest.ErrThrottled)
	case hangs:
		return engine.Failed(s.wait(ctx, nil))
	case crashes, crashesAfter:
		return s.crashIn(ctx, nil, false)
	default: // unavailable, or the answer is lost
		return engine.Failed(enginetest.ErrRetryable)
	}
}

// keep stores a record. The world is locked.
func (s bucketStore) keep(r *engine.Record) {
	if !s.LieStore {
		s.objects[s.Refer(r).Key] = append([]byte(nil), r.Data.Bytes()...)
	}
}

// resolved returns the records of a request as their receiver reads them: the data of references
// comes from the bucket. The world is locked.
func (s *sink) resolved(batch []engine.Record) []engine.Record {
	all := make([]engine.Record, len(batch))
	for i := range batch {
		all[i] = batch[i]
		ref := referenceIn(batch[i].Data.Bytes())
		if ref == nil {
			continue
		}
		s.Count("references", 1)
		data, ok := s.objects[ref.Key]
		if !ok {
			s.Broken(referring, "target %s got a reference to record %s, whose data is not stored", s.target, batch[i].Seq)
			continue
		}
		all[i] = batch[i].With(engine.Bytes(data))
		all[i].Raw = batch[i].Raw
	}
	return all
}

// referenceIn returns the reference that data is, or that is in the envelope that data is, or nil.
func referenceIn(data []byte) *sinks.Reference {
	text, _ := inflate(string(data))
	if isEnvelope(text) {
		e, err := envelope.Parse([]byte(text))
		if err != nil {
			return nil
		}
		return e.Reference
	}
	_, key, ok := strings.Cut(text, `{"fanoutReference":1,"bucket":"b","key":"`)
	if !ok {
		return nil
	}
	key, _, _ = strings.Cut(key, `"`)
	return &sinks.Reference{Key: key}
}

// drawStore lets a target store records that are too large.
func (w *world) drawStore(t *modelTarget) {
	if t.spec.DropOversize || t.spec.Aggregate || !t.spec.Type.TakesReferences() || !w.OneIn(2) {
		return
	}
	t.spec.OversizeType, t.spec.Oversize = builtin.Type("s3"), sinks.Destination{Name: "b"}
	if t.limits.RecordBytes > 0 {
		t.limits.RecordBytes += 60 // room for a reference
	}
}
