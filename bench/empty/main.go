// Command empty is a function that makes one SDK client and returns an empty answer to
// every event. It shows the cost of a Go function that does no work.
package main

import (
	"context"
	"encoding/json"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := kinesis.NewFromConfig(cfg)
	lambda.Start(func(context.Context, json.RawMessage) error {
		_ = client // a real function would use it here
		return nil
	})
}
