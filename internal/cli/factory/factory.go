// Package factory makes AWS clients and loggers from the flags that every command has.
package factory

import (
	"fanout/lambda/target"
)

// Factory holds the flags of every command.
type Factory struct {
	Catalog *target.Catalog
	AWS     AWS
	Debug   bool
}
