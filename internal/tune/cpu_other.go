//go:build !unix

package tune

import "time"

var started = time.Now()

// cpuTime approximates the CPU time of the process on systems that do not report
// it. It returns the elapsed time, because the process does nothing else.
func cpuTime() time.Duration { return time.Since(started) }
