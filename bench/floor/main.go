// Command floor is a function written by hand for the events of bench and nothing
// else: it looks at an event once, puts the base64 text of its records into requests
// as it came, and signs and sends them without a client. It takes for granted what
// fanout must not: how an event is laid out, that nothing needs escaping, is too
// large or is refused. What it costs is the least that delivery can cost.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"golang.org/x/sync/errgroup"
)

type function struct {
	targets []target
	client  *client
	records []record // of the last event; the memory is used again
}

// target sends all records of an event.
type target interface {
	send(ctx context.Context, c *client, records []record) error
}

func main() {
	c, err := newClient(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	f := &function{client: c}
	for kind := range strings.SplitSeq(os.Getenv("BENCH_TARGETS"), ",") {
		switch kind {
		case "kinesis":
			f.targets = append(f.targets, &batches{
				service: "kinesis", operation: "Kinesis_20131202.PutRecords", before: `{"StreamName":"copy","Records":[`,
				keys: true, good: `"FailedRecordCount":0`,
			})
		case "firehose":
			f.targets = append(f.targets, &batches{
				service: "firehose", operation: "Firehose_20150804.PutRecordBatch", before: `{"DeliveryStreamName":"lake","Records":[`,
				good: `"FailedPutCount":0`,
			})
		case "sqs":
			f.targets = append(f.targets, &messages{})
		default:
			log.Fatalf("there is no target type %q here", kind)
		}
	}
	lambda.Start(f)
}

// Invoke implements lambda.Handler.
func (f *function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.records = scan(event, f.records[:0])
	if len(f.records) == 0 {
		return nil, fmt.Errorf("the event has no Kinesis records: this function knows no others")
	}
	g, groupCtx := errgroup.WithContext(ctx)
	for _, t := range f.targets {
		g.Go(func() error { return t.send(groupCtx, f.client, f.records) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return nil, f.client.count(ctx, len(f.records), len(f.targets))
}
