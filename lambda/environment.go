package lambda

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"

	"fanout/engine/plain"
	"fanout/internal/near"
)

// Function is the function as the Lambda runtime calls it.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)

	// AtExit returns a function to call before the process ends, which sends pending
	// metrics. It is nil if metrics can never be pending.
	AtExit() func(ctx context.Context) error
}

// FromEnvironment returns the function that environment variables, each NAME=VALUE,
// describe. If they are faulty, the function answers every event with the fault. The fault
// then appears with the function's other failures.
func FromEnvironment(environ []string, log io.Writer, extensions ...Extension) Function {
	values := make(map[string]string, len(environ))
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	var known []string
	o, err := OptionsFrom(func(name string) string {
		known = append(known, name)
		return values[name]
	})
	logger := NewLogger(log, o.LogLevel)
	if unknown := unknownVariables(values, known); len(unknown) > 0 {
		logger.Warn("variables that the function does not have, so they have no effect", zap.Strings("variables", unknown))
	}
	if err == nil {
		o.Catalog, err = CatalogWith(extensions...)
	}
	if err != nil {
		return misconfigured(logger, err)
	}
	cfg, err := ConfigFromVariables(func(name string) string { return values[name] }, o.InFlight)
	if err != nil {
		return misconfigured(logger, err)
	}
	h, err := New(o, cfg, logger)
	if err != nil {
		return misconfigured(logger, err)
	}
	return h
}

// unknownVariables returns the variables with the function's prefix that it does not know,
// each with the one that was probably meant.
func unknownVariables(values map[string]string, known []string) []string {
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !strings.HasPrefix(name, "FANOUT_") || slices.Contains(known, name) {
			continue
		}
		if meant := near.Closest(name, known); meant != "" {
			name += "; did you mean " + meant + "?"
		}
		unknown = append(unknown, plain.Line(name))
	}
	return unknown
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
