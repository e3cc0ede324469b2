// Command empty is a function that makes one SDK client and answers every event
// with nothing: what a Go function costs before it does anything.
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
		_ = client // a function would use it now
		return nil
	})
}
