// Command fanout runs and manages fanout from the command line.
package main

import (
	"fanout/command"
	"fanout/extra/kafka"
)

func main() { command.Main(kafka.CommandOnly()...) }
