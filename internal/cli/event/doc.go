// Package event has the command `fanout event`, which makes Lambda events of lines.
package event
