package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// startOn starts cmd on one core. A process inherits the affinity of the thread that
// starts it.
func startOn(cmd *exec.Cmd, core int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	one.Set(core)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }() // restores a valid affinity
	return cmd.Start()
}

// leave moves every thread of this process off the first core it may use, and returns
// that core. It fails on a machine with one core.
func leave() (core int, err error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return 0, err
	}
	for !all.IsSet(core) {
		core++
	}
	if all.Count() == 1 {
		return core, nil
	}
	all.Clear(core)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0, err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return 0, err
		}
		if err := unix.SchedSetaffinity(id, &all); err != nil && err != unix.ESRCH {
			return 0, err
		}
	}
	return core, nil
}

// processorTime returns the user and system time of all threads of a process, including
// ended threads (clock_getcpuclockid(3) has the clock's id).
func processorTime(pid int) (time.Duration, error) {
	const schedule = 2 // CPUCLOCK_SCHED, of the process
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedule), &t); err != nil { //nolint:gosec // a process id has 22 bits
		return 0, fmt.Errorf("the processor time of process %d cannot be read: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// memory reads a field of /proc/PID/status, in bytes: VmHWM is the peak resident memory,
// VmRSS the current (proc_pid_status(5)).
func memory(pid int, field string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(field+":")); ok {
			kib, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(value), []byte("kB")))), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}
