// Package factory makes AWS clients and loggers from the flags that every command has.
package factory

import (
	"fanout/lambda"
	"fanout/lambda/target"
)

// Factory holds the flags of every command.
type Factory struct {
	Catalog *target.Catalog
	AWS     lambda.AWS
	Debug   bool
}
