package lambda

import (
	"context"
	"io"

	"go.uber.org/zap"
)

// Function is the function as the Lambda runtime calls it.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)

	// AtExit returns a function to call before the process ends, which sends pending
	// metrics. It is nil if metrics can never be pending.
	AtExit() func(ctx context.Context) error
}

// FromEnvironment returns the function that the environment variables describe. If they are
// faulty, the function answers every event with the fault. The fault then appears with the
// function's other failures.
func FromEnvironment(ctx context.Context, getenv func(string) string, log io.Writer, extensions ...Extension) Function {
	o, err := OptionsFrom(getenv)
	logger := NewLogger(log, o.LogLevel)
	if err == nil {
		o.Catalog, err = CatalogWith(extensions...)
	}
	if err != nil {
		return misconfigured(logger, err)
	}
	cfg, err := AWS{}.Load(ctx, o.InFlight)
	if err != nil {
		return misconfigured(logger, err)
	}
	h, err := New(o, cfg, logger)
	if err != nil {
		return misconfigured(logger, err)
	}
	return h
}

// fault is a function that reports its faulty configuration.
type fault struct{ err error }

func misconfigured(log *zap.Logger, err error) Function {
	log.Error("the function is misconfigured", zap.Error(err))
	return fault{err}
}

// AtExit returns nil: there is nothing to send.
func (fault) AtExit() func(context.Context) error { return nil }

// Invoke fails with the configuration error.
func (f fault) Invoke(context.Context, []byte) ([]byte, error) { return nil, f.err }
