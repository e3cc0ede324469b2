// Command fanout runs and manages fanout from the command line.
package main

import "fanout/command"

func main() { command.Main() }
