// Package race tells tests whether the race detector is on. It has allocations and memory
// of its own, and makes computations slow.
package race
