// Package run has the commands that handle records here: run, redrive and tune.
package run
