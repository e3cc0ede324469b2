// Command floor is a function written by hand for the events of bench and nothing
// else: it looks at an event once, puts the base64 text of its records into requests
// as it came, and signs and sends them without a client. Aggregates of the KPL it takes
// apart, and images of DynamoDB it makes plain JSON, on the way into the request. It
// takes for granted what fanout must not: how an event and what is in it are laid out,
// that nothing is broken, needs escaping, is too large or is refused. What it costs is
// the least that delivery can cost.
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
