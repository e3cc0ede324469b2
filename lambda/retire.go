package lambda

import (
	"io"

	"go.uber.org/zap"

	"fanout/engine"
)

// wired is an engine target that a plan passes on to its successor, so it counts the plans
// that use it.
type wired struct {
	engine.Target
	plans int // plans that use it and are current or running; guarded by Handler.mu
}

// retire marks p as replaced, and returns the sinks that are no longer used. Handler.mu
// must be held.
func (p *plan) retire() []engine.Sink {
	p.retired = true
	return p.unused()
}

// release ends one use of p.
func (h *Handler) release(p *plan) {
	h.mu.Lock()
	p.runs--
	unused := p.unused()
	h.mu.Unlock()
	h.close(unused)
}

// unused releases the sinks of p once p is retired and no longer runs. It returns the sinks
// that no other plan uses.
func (p *plan) unused() (sinks []engine.Sink) {
	if !p.retired || p.runs > 0 {
		return nil
	}
	for _, w := range p.wired {
		if w.plans--; w.plans == 0 && w.Sink != nil {
			sinks = append(sinks, w.Sink)
		}
	}
	p.wired = nil
	return sinks
}

// close closes sinks that have connections of their own.
func (h *Handler) close(sinks []engine.Sink) {
	for _, s := range sinks {
		if c, ok := s.(io.Closer); ok {
			if err := c.Close(); err != nil {
				h.log.Debug("closing a target that is not used any more", zap.Error(err))
			}
		}
	}
}
