//go:build profile

package main

import (
	"log"
	"os"
	"runtime/pprof"
	"time"
)

// With the build tag profile, the function writes a profile of its first 15 seconds to
// the file named by FANOUT_PROFILE. make profile uses it.
func init() {
	name := os.Getenv("FANOUT_PROFILE")
	if name == "" {
		return
	}
	file, err := os.Create(name) //nolint:gosec // the user's own choice of file
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		log.Fatal(err)
	}
	time.AfterFunc(15*time.Second, func() {
		pprof.StopCPUProfile()
		_ = file.Close() // the reader of the profile notices missing data
	})
}
