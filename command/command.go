// Package command is the command line of fanout, for a main that adds stages and types of
// targets to it:
//
//	func main() { command.Main(lambda.WithStage(mask.Stage)) }
package command

import (
	"fanout/internal/cli"
	"fanout/lambda"
)

// Main runs the command line of this process, with extensions, and ends the process.
func Main(extensions ...lambda.Extension) { cli.Main(extensions...) }
