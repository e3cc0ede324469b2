package lambda

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/event"
	"fanout/lambda/target"
)

// Rehearse returns a Handler whose targets are those of store, and whose sinks are
// what around makes of the real ones: with one that does not call the sink it was
// given, all is done but sending. around is called once for each target that is
// not faulty. Table and TargetsFile of o have no effect.
func Rehearse(o Options, cfg aws.Config, store target.Store, around func(*target.Spec, engine.Sink) engine.Sink, log *zap.Logger) (*Handler, error) {
	o.TargetsFile = ""
	h, err := New(o, cfg, log)
	if err != nil {
		return nil, err
	}
	h.store = store
	open := h.openSink
	h.openSink = func(a *accounts, t *target.Spec, kind event.Kind) (engine.Sink, error) {
		s, err := open(a, t, kind)
		if err != nil {
			return nil, err
		}
		return around(t, s), nil
	}
	return h, nil
}
