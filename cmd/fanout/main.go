// Command fanout runs and manages fanout from the command line.
package main

import "fanout/internal/cli"

func main() { cli.Main() }
