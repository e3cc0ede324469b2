package cli

import (
	"fanout/lambda"
	"fanout/lambda/target"
)

// common holds the flags of every command.
type common struct {
	catalog *target.Catalog
	aws     lambda.AWS
	debug   bool
}
