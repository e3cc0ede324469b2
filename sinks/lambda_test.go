package sinks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
	"fanout/sinks/iot"
	lambdasink "fanout/sinks/lambda"
)

// TestLambdaSameAsSDK compares requests with the bytes that the SDK would send.
func TestLambdaSameAsSDK(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
	changed := sinktest.WithSource(sinktest.SourceRecord(2), engine.Bytes(bytes.Repeat([]byte("a"), 1000)))
	recs := []engine.Record{sinktest.SourceRecord(1), changed, sinktest.UserOf(sinktest.SourceRecord(3), 1, "k", "1", "x")}
	for _, form := range []lambdasink.Form{lambdasink.SourceRecords, lambdasink.KinesisRecords} {
		for n := 1; n <= len(recs); n++ {
			header, event := requestOf(t, service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
				return lambdasink.New(lambda.NewFromConfig(c), function, "live", form)
			}}, recs[:n])
			var in struct {
				Records []struct{ Kinesis struct{ Data string } }
			}
			if err := json.Unmarshal([]byte(event), &in); err != nil || len(in.Records) != n {
				t.Errorf("%d records are in the event %s: %v", len(in.Records), event, err)
			}
			wantHeader, want := requestOf(t, service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
				return sdkSink{nil, func(ctx context.Context, _ []engine.Record) engine.Outcome {
					_, err := lambda.NewFromConfig(c).Invoke(ctx, &lambda.InvokeInput{
						FunctionName: aws.String(function), Qualifier: aws.String("live"), InvocationType: types.InvocationTypeEvent, Payload: []byte(event),
					})
					return engine.Failed(err)
				}}
			}}, recs[:n])
			if diff := cmp.Diff(wantHeader, header); diff != "" || event != want {
				t.Errorf("%d records, headers (-SDK +got):\n%s\nSDK %s\ngot %s", n, diff, want, event)
			}
		}
	}
}

// TestIoTSameAsSDK makes the same comparison.
func TestIoTSameAsSDK(t *testing.T) {
	for _, data := range []string{"", "a", "message", strings.Repeat("x", 1000)} {
		recs := []engine.Record{{Key: "k", Data: engine.Bytes([]byte(data))}}
		header, body := requestOf(t, service{"iot", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return iot.New(iotdataplane.NewFromConfig(c), "a/b c")
		}}, recs)
		wantHeader, want := requestOf(t, service{"iot", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return sdkSink{nil, func(ctx context.Context, _ []engine.Record) engine.Outcome {
				_, err := iotdataplane.NewFromConfig(c).Publish(ctx, &iotdataplane.PublishInput{Topic: aws.String("a/b c"), Payload: []byte(data)})
				return engine.Failed(err)
			}}
		}}, recs)
		if diff := cmp.Diff(wantHeader, header); diff != "" || body != want || body != data {
			t.Errorf("headers (-SDK +got):\n%s\nSDK %q\ngot %q\nwant %q", diff, want, body, data)
		}
	}
}
