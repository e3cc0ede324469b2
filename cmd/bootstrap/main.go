// Command bootstrap is the fanout Lambda function, for the runtime
// provided.al2023. Its environment variables are in the README.
package main

import (
	"context"
	"os"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"fanout/lambda"
)

func main() {
	runtime.Start(lambda.FromEnvironment(context.Background(), os.Getenv, os.Stderr))
}
