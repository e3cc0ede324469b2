// Command zipone writes a zip archive that holds one executable file, with the
// same bytes whenever the file has the same.
//
//	zipone ARCHIVE FILE
package main

import (
	"fmt"
	"os"

	"fanout/internal/build"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: zipone ARCHIVE FILE")
		os.Exit(2)
	}
	if err := build.Zip(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "zipone:", err)
		os.Exit(1)
	}
}
