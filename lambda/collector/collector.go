// Package collector tunes Go's garbage collector to the function's memory size.
package collector

import (
	"runtime/debug"
	"strconv"
)

const (
	// percent is the GOGC value: garbage allowed, as a percentage of live memory, while
	// memory lasts. In measurements, higher values use more memory and save hardly any time
	// (docs/performance.md).
	percent = 200

	// limit is the soft memory limit of Go's runtime, as a percentage of the function's
	// memory. It leaves room for the program itself and for unusually large events.
	limit = 36
)

// Set configures the collector from AWS_LAMBDA_FUNCTION_MEMORY_SIZE, in MB. GOGC and
// GOMEMLIMIT each override their own setting. Without a memory size, Go's defaults stay.
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
