// Command fanout is the command line with the extension.
package main

import (
	"fanout/command"

	"example.com/extension"
)

func main() { command.Main(extension.Extension()...) }
