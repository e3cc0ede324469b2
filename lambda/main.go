package lambda

import (
	"context"
	"log"
	"os"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"fanout/lambda/collector"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/stages"
)

// Extension adds a type or a stage to fanout: see [WithStage] and [WithTarget].
type Extension func(*target.Catalog)

// WithStage adds a stage that targets ask for by name in the attribute stages.
func WithStage(t *stages.Type) Extension {
	return func(c *target.Catalog) { c.Stages = append(c.Stages, t) }
}

// WithTarget adds a type of target.
func WithTarget(t *sinks.Type) Extension {
	return func(c *target.Catalog) { c.Types = append(c.Types, t) }
}

// CatalogWith returns the catalog of the built-in types and stages and of extensions. It
// fails if one of them is incomplete or has the name of another.
func CatalogWith(extensions ...Extension) (*target.Catalog, error) {
	c := Builtin()
	for _, extend := range extensions {
		extend(c)
	}
	return c, c.Check()
}

// afterTerm is the time to send the last metrics. Lambda allows 500 ms after SIGTERM.
const afterTerm = 400 * time.Millisecond

// Main is the main function of the Lambda function, for the runtime provided.al2023. It
// returns when the runtime ends.
func Main(extensions ...Extension) {
	collector.Set(os.Getenv)
	log.SetFlags(0) // the runtime logs errors in JSON, after the time unless this turns it off
	log.SetOutput(StandardLog(os.Stderr))
	function := FromEnvironment(os.Environ(), os.Stderr, extensions...)
	var options []runtime.Option
	if flush := function.AtExit(); flush != nil {
		options = append(options, runtime.WithEnableSIGTERM(func() {
			ctx, cancel := context.WithTimeout(context.Background(), afterTerm)
			defer cancel()
			_ = flush(ctx) // the error has no receiver
		}))
	}
	runtime.StartWithOptions(function, options...)
}
