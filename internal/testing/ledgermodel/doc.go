// Package ledgermodel is the model of several processes of the function that share a ledger table.
//
//	world.go     what a world holds, and the mapping: it sends each batch to any free process
//	process.go   a process, and the faults of its requests to targets
//	table.go     the ledger table, which may fail, and an intruder who writes it
//	promise.go   the promises, and the sabotages that break them
//	oracle.go    judges the targets and the table in the end
//
// docs/models.md states the promises.
package ledgermodel
