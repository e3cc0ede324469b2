// Package bench measures fanout over workloads that are values: an event and the
// targets it goes to. The benchmarks run the function's own handler against
// services that acknowledge at once, so that what they measure is fanout.
//
//	make bench
package bench
