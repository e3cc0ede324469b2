// Package lambda is the fanout function: it decodes the event, finds the targets
// of its source, runs the engine, and answers as Lambda expects. The same Handler
// runs behind `fanout run`.
package lambda
