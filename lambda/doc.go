// Package lambda is the fanout function. It decodes the event, finds the targets of its
// source, runs the engine, and answers as Lambda expects. `fanout run` uses the same
// Handler.
package lambda
