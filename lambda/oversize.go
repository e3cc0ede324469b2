package lambda

import (
	"fanout/engine"
	"fanout/lambda/envelope"
	"fanout/sinks"
)

// refer stores the data of a record that is too large, and makes what is sent in its place.
type refer = func(r *engine.Record) (store engine.Sink, reference engine.Payload)

// openStore opens a store.
func openStore(env sinks.Env, s *sinks.Spec) (sinks.Store, error) { return s.Type.Store(env, s) }

// storeOf opens the store of a target. It returns nil if the target has none.
func (h *Handler) storeOf(t *sinks.Spec) (sinks.Store, engine.Sink, error) {
	spec, ok := t.Store()
	if !ok {
		return nil, nil, nil
	}
	store, err := h.openStore(h.env, &spec)
	if err != nil || h.options.Around == nil {
		return store, store, err
	}
	return store, h.options.Around(&spec, store), nil
}

// referrer returns how records of t that are too large go by reference: in JSON, with a newline
// and compressed if the records are. It returns nil if they do not.
func (h *Handler) referrer(t *sinks.Spec) (refer, error) {
	store, sink, err := h.storeOf(t)
	if store == nil || err != nil {
		return nil, err
	}
	return func(r *engine.Record) (engine.Sink, engine.Payload) {
		ref := store.Refer(r)
		return sink, ref.Write(t)
	}, nil
}

// envelopeReferrer is like referrer for the envelopes that go to the onFailure of a target. What
// is sent is the envelope, with a reference in place of its data: the object has all of it.
func (h *Handler) envelopeReferrer(failed, taker *sinks.Spec) (refer, error) {
	t := failed
	if t.OversizeType == nil {
		t = taker
	}
	store, sink, err := h.storeOf(t)
	if store == nil || err != nil || taker.Type == nil || !taker.Type.TakesReferences() {
		return nil, err
	}
	return func(r *engine.Record) (engine.Sink, engine.Payload) {
		ref := store.Refer(r)
		ref.Encoding = "" // envelopes are not compressed
		e, err := envelope.Parse(r.Data.Bytes())
		if err != nil {
			return sink, engine.Unreadable(err)
		}
		text, err := e.Stored(&ref).Marshal()
		if err != nil {
			return sink, engine.Unreadable(err)
		}
		return sink, engine.KnownText(text)
	}, nil
}
