//go:build profile

package main

import (
	"log"
	"os"
	"runtime/pprof"
	"time"
)

// A build with the tag profile writes a profile of its first 15 seconds to the file that
// FANOUT_PROFILE names; make profile does so.
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
		_ = file.Close() // what is missing shows when it is read
	})
}
