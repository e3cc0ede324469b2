// Package bench measures fanout over workloads. A workload is a value: an event, its
// targets, and the behavior of the services. The benchmarks run the function's own
// handler against services within the process. bench/compare runs functions as processes,
// as Lambda does, and prints the tables of docs/performance.md.
//
//	make bench           # benchmarks, against bench/baseline.txt
//	make bench-compare   # fanout, a plain Go function and a floor, side by side
package bench
