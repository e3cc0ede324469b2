// Package run has the command `fanout run`, and what other commands that deliver records here
// share with it: flags, events, pollers and the report.
package run
