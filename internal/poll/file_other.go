//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package poll

import "os"

const noFollow = 0

// flock does nothing where the system has no flock(2).
func flock(*os.File) error { return nil }

// syncDir does nothing where folders cannot be synced.
func syncDir(string) error { return nil }
