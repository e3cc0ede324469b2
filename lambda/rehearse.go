package lambda

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/target"
	"fanout/sinks"
)

// Rehearse returns a Handler that uses the targets of store and wraps each real sink with
// around. If the wrapper does not call the sink it was given, the handler does everything
// except sending. Rehearse calls around once for each target that is not faulty. It ignores
// Table and TargetsFile of o.
func Rehearse(o Options, cfg aws.Config, store target.Store, around func(*sinks.Spec, engine.Sink) engine.Sink, log *zap.Logger) (*Handler, error) {
	o.TargetsFile = ""
	h, err := New(o, cfg, log)
	if err != nil {
		return nil, err
	}
	h.store = store
	open := h.openSink
	h.openSink = func(e sinks.Env, t *sinks.Spec) (engine.Sink, error) {
		s, err := open(e, t)
		if err != nil {
			return nil, err
		}
		return around(t, s), nil
	}
	return h, nil
}
