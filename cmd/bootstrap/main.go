// Command bootstrap is the fanout Lambda function for the runtime provided.al2023. The
// README lists its environment variables.
package main

import (
	"context"
	"log"
	"os"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"fanout/lambda"
	"fanout/lambda/collector"
)

// afterTerm is the time to send the last metrics. Lambda allows 500 ms after SIGTERM.
const afterTerm = 400 * time.Millisecond

func main() {
	collector.Set(os.Getenv)
	log.SetFlags(0) // the runtime logs errors in JSON, after the time unless this turns it off
	log.SetOutput(lambda.StandardLog(os.Stderr))
	function := lambda.FromEnvironment(context.Background(), os.Getenv, os.Stderr)
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
