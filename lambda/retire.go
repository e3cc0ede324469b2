package lambda

import (
	"io"

	"go.uber.org/zap"

	"fanout/engine"
)

// wired is what was made for a target. Plans hand it on to those that take their
// place, so it is counted.
type wired struct {
	engine.Target
	plans int // that have it, and are current or run; guarded by Handler.mu
}

// retire says that another plan has taken the place of p, and returns the sinks that
// nobody uses then. Handler.mu is held.
func (p *plan) retire() []engine.Sink {
	p.retired = true
	return p.unused()
}

// release ends a use of p.
func (h *Handler) release(p *plan) {
	h.mu.Lock()
	p.runs--
	unused := p.unused()
	h.mu.Unlock()
	h.close(unused)
}

// unused gives up the sinks of p once it is retired and does not run any more, and
// returns those that no other plan has.
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

// close closes the connections of sinks that have some of their own.
func (h *Handler) close(sinks []engine.Sink) {
	for _, s := range sinks {
		if c, ok := s.(io.Closer); ok {
			if err := c.Close(); err != nil {
				h.log.Debug("closing a target that is not used any more", zap.Error(err))
			}
		}
	}
}
