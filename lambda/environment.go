package lambda

import (
	"context"
	"io"

	"go.uber.org/zap"
)

// Function is what the Lambda runtime calls.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)

	// AtExit returns what to call before the process ends, which sends the metrics
	// that are left; nil if nothing can be left.
	AtExit() func(ctx context.Context) error
}

// FromEnvironment returns the function that the environment variables describe. If
// they are faulty it returns one that answers every event with what is wrong, so
// that it is found where failures are looked for.
func FromEnvironment(ctx context.Context, getenv func(string) string, log io.Writer) Function {
	o, err := OptionsFrom(getenv)
	logger := NewLogger(log, o.LogLevel)
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

// fault is a function that cannot work.
type fault struct{ err error }

func misconfigured(log *zap.Logger, err error) Function {
	log.Error("the function is misconfigured", zap.Error(err))
	return fault{err}
}

// AtExit returns nil: there is nothing to send.
func (fault) AtExit() func(context.Context) error { return nil }

// Invoke fails with what is wrong.
func (f fault) Invoke(context.Context, []byte) ([]byte, error) { return nil, f.err }
