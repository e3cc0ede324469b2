// Package collector sets Go's garbage collector for the memory of the function.
package collector

import (
	"runtime/debug"
	"strconv"
)

const (
	// percent is how much garbage there may be for what is in use, as in GOGC, as long
	// as there is memory for it. Beyond it, measured, memory grows and time hardly falls
	// (docs/performance.md).
	percent = 200

	// limit is the share, in percent, of the function's memory that Go's runtime keeps to
	// while what is in use allows it. It leaves room for the program itself, and for events
	// that need more than others.
	limit = 36
)

// Set sets the collector for AWS_LAMBDA_FUNCTION_MEMORY_SIZE, in MB. GOGC and
// GOMEMLIMIT go first, each for itself; without a memory size Go's settings stay.
func Set(getenv func(string) string) {
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
