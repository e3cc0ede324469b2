package metrics_test

import (
	"context"
	"os"
	"time"

	"fanout/lambda/metrics"
)

// Metrics of an invocation on standard output.
func Example() {
	p := metrics.New(metrics.ModeEMF, metrics.DefaultNamespace, nil, os.Stdout)
	ctx := context.Background()

	p.Begin(ctx)
	_ = p.Publish(ctx, metrics.Invocation{
		Function: "fan",
		At:       time.UnixMilli(1795336215250),
		Sources:  []metrics.Source{{ARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/orders", Records: 3}},
	})
	_ = p.Flush(ctx)
	// Output:
	// {"Function":"fan","Records":3,"Sources":1,"_aws":{"Timestamp":1795336215250,"CloudWatchMetrics":[{"Namespace":"Custom/FanOut","Dimensions":[["Function"]],"Metrics":[{"Name":"Sources","Unit":"Count"},{"Name":"Records","Unit":"Count"}]}]}}
	// {"Function":"fan","Records":3,"Source":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders","Targets":0,"_aws":{"Timestamp":1795336215250,"CloudWatchMetrics":[{"Namespace":"Custom/FanOut","Dimensions":[["Source","Function"]],"Metrics":[{"Name":"Records","Unit":"Count"},{"Name":"Targets","Unit":"Count"}]}]}}
}
