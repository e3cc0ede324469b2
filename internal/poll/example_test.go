package poll

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// A function's handler runs outside Lambda, over the whole stream.
func ExampleNewKinesis() {
	stream := newFakeStream("shardId-000000000000") // in production: kinesis.NewFromConfig(cfg)
	stream.put("shardId-000000000000", 250)

	handler := func(_ context.Context, event []byte) ([]byte, error) {
		var e events.KinesisEvent
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		fmt.Println(len(e.Records), "records of", e.Records[0].EventSourceArn)
		return nil, nil
	}
	p, err := NewKinesis(fakeKinesis{stream}, kinesisARN, handler, Options{Once: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Progress().Total.Records, "in all")
	// Output:
	// 100 records of arn:aws:kinesis:eu-west-1:123456789012:stream/orders
	// 100 records of arn:aws:kinesis:eu-west-1:123456789012:stream/orders
	// 50 records of arn:aws:kinesis:eu-west-1:123456789012:stream/orders
	// 250 in all
}

// The text has the form used by the AWS command line and console.
func ExampleParseStart() {
	for _, text := range []string{"LATEST", "2026-11-22T20:15:00Z", "yesterday"} {
		start, err := ParseStart(text)
		fmt.Println(start, err)
	}
	// Output:
	// LATEST <nil>
	// 2026-11-22T20:15:00Z <nil>
	// TRIM_HORIZON starting position "yesterday" is unknown; it must be TRIM_HORIZON, LATEST or a time such as 2026-11-22T20:15:00Z
}
