//go:build !unix

package tune

import "time"

var started = time.Now()

// cpuTime stands for the CPU that the process took so far where the system does
// not tell it: as it does nothing else, the time that went by.
func cpuTime() time.Duration { return time.Since(started) }
