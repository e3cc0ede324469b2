package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version names the module's version, which holds the commit if it was built from
// a repository, and the toolchain.
func version() string {
	v := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	return fmt.Sprintf("%s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
