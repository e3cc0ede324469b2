// Command floor is a function written by hand for the events of bench only. It reads an
// event once, copies the base64 text of its records unchanged into requests, and signs
// and sends them without a client. On the way it takes KPL aggregates apart, and turns
// DynamoDB images into plain JSON. It assumes much that fanout must not: the layout of an
// event and its parts, and that nothing is broken, needs escapes, is too large or is
// refused. Its cost is the lower bound for delivery.
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
	records []record // of the last event; reused
}

func main() {
	c, err := newClient(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	f := &function{client: c}
	for kind := range strings.SplitSeq(os.Getenv("BENCH_TARGETS"), ",") {
		t, err := newTarget(kind)
		if err != nil {
			log.Fatal(err)
		}
		f.targets = append(f.targets, t)
	}
	lambda.Start(f)
}

// Invoke implements lambda.Handler.
func (f *function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.records = scan(event, f.records[:0])
	if len(f.records) == 0 {
		return nil, fmt.Errorf("the event has no records of Kinesis, and no new images of DynamoDB: this function knows nothing else")
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
