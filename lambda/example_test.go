package lambda_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/lambda"
)

func Example() {
	dir, err := os.MkdirTemp("", "fanout")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	options := lambda.DefaultOptions()
	options.Stdout = true // of a function it is the log
	options.TargetsFile = filepath.Join(dir, "targets.yaml")
	err = os.WriteFile(options.TargetsFile, []byte(`
targets:
  - sourceArn: arn:aws:kinesis:eu-west-1:123456789012:stream/orders
    id: screen
    type: file
    destination: "-"
    active: true
`), 0o600)
	if err != nil {
		fmt.Println(err)
		return
	}

	handler, err := lambda.New(options, aws.Config{}, zap.NewNop())
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := handler.Handle(context.Background(), []byte(`{"Records": [{
		"eventSource": "aws:kinesis",
		"eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
		"eventID": "shardId-000000000000:4967",
		"kinesis": {"partitionKey": "customer-17", "sequenceNumber": "4967", "data": "aGVsbG8="}
	}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		for _, t := range r.Report.Targets {
			fmt.Printf("%s: %d of %d delivered\n", t.ID, t.Delivered, r.Records())
		}
	}
	// Output:
	// {"key":"customer-17","shard":"shardId-000000000000","sequence":"4967","action":"PUT","data":"hello"}
	// screen: 1 of 1 delivered
}
