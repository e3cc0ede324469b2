// Package functionmodel is the model of the whole function behind event source mappings.
//
// A world has some sources, each with targets, records and a mapping:
//
//	source.go, record.go, target.go    what a world holds
//	filter.go, transform.go,
//	compress.go, aggregate.go          what options of a target do
//	part.go                            what the stages of a target make of a record
//
// The world runs in rounds. In a round, up to three events are under way at the same time:
//
//	world.go      the rounds
//	mapping.go    a mapping reads batches, and sends a failed one again, as Lambda does
//	invocation.go an invocation has an event, which holds batches
//	function.go   the boundary to the program under test
//	service.go    what the services behind types of targets do
//	store.go      the bucket for records that are too large
//	fault.go      requests that the function makes may meet a fault
//	arrival.go    the oracle's account of the records that a target accepts
//
// After each round the oracle judges the function's reports and answers. When every record is
// delivered or given up, it judges the targets:
//
//	promise.go    the promises, and the sabotages that break them
//	report.go     judges reports
//	letter.go     judges envelopes of onFailure
//	answer.go     judges answers
//	end.go        judges the targets in the end
//
// docs/models.md states the promises.
package functionmodel
