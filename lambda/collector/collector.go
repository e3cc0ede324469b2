// Package collector sets Go's garbage collector for the memory of the function that
// imports it, before anything else of the program is initialised: the AWS clients'
// packages alone allocate so much that the collector would run at Go's own settings,
// which takes a fifth of the start.
package collector

import (
	"os"
	"runtime/debug"
	"strconv"
)

// It is an init function because main runs after those of all packages, and packages
// are initialised in the order of their import paths (Go specification, Program
// initialization): this one, which imports little, before any of github.com.
func init() { set(os.Getenv) }

const (
	// percent is how much garbage there may be for what is in use, as in GOGC, as long
	// as there is memory for it. Beyond it, measured, memory grows and time hardly falls
	// (docs/performance.md).
	percent = 200

	// limit is the share, in percent, of the function's memory that Go's runtime keeps to
	// while what is in use allows it. It leaves room for the program itself, of which
	// 15 MB are resident, and for events that need more than others.
	limit = 36
)

// set sets the collector for AWS_LAMBDA_FUNCTION_MEMORY_SIZE, in MB. GOGC and
// GOMEMLIMIT go first, each for itself; without a memory size Go's settings stay.
func set(getenv func(string) string) {
	memory, err := strconv.ParseInt(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 32)
	if err != nil || memory <= 0 {
		return
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory << 20 * limit / 100)
	}
}
