// Command bootstrap is the fanout Lambda function, for the runtime
// provided.al2023. Its environment variables are in the README.
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

// afterTerm is how long the last metrics have: Lambda gives 500 ms after SIGTERM.
const afterTerm = 400 * time.Millisecond

func main() {
	collector.Set(os.Getenv)
	log.SetFlags(0) // the runtime logs errors in JSON, behind the time unless told not to
	log.SetOutput(lambda.StandardLog(os.Stderr))
	function := lambda.FromEnvironment(context.Background(), os.Getenv, os.Stderr)
	var options []runtime.Option
	if flush := function.AtExit(); flush != nil {
		options = append(options, runtime.WithEnableSIGTERM(func() {
			ctx, cancel := context.WithTimeout(context.Background(), afterTerm)
			defer cancel()
			_ = flush(ctx) // there is nobody left to tell
		}))
	}
	runtime.StartWithOptions(function, options...)
}
