package sinks_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
	lambdasink "fanout/sinks/lambda"
)

// TestLambdaSameAsSDK compares requests with the bytes that the SDK would send. If it
// finds two calls after an update of the SDK, see TestSameAsSDK.
func TestLambdaSameAsSDK(t *testing.T) {
	type plain struct{ lambdasink.Client } // the sink does not recognize it as the SDK's client
	changed := sinktest.WithSource(sinktest.SourceRecord(2), engine.Bytes(bytes.Repeat([]byte("a"), 1000)))
	recs := []engine.Record{sinktest.SourceRecord(1), changed, sinktest.UserOf(sinktest.SourceRecord(3), 1, "k", "1", "x")}
	for _, form := range []lambdasink.Form{lambdasink.SourceRecords, lambdasink.KinesisRecords} {
		spliced := service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return lambdasink.New(lambda.NewFromConfig(c), "arn:aws:lambda:eu-west-1:123456789012:function:orders", "live", form)
		}}
		sdk := service{"lambda", func(c aws.Config, _ ...sinks.Option) engine.Sink {
			return lambdasink.New(plain{lambda.NewFromConfig(c)}, "arn:aws:lambda:eu-west-1:123456789012:function:orders", "live", form)
		}}
		for n := range recs {
			header, body := requestOf(t, spliced, recs[:n+1])
			wantHeader, want := requestOf(t, sdk, recs[:n+1])
			if diff := cmp.Diff(wantHeader, header); diff != "" || body != want {
				t.Errorf("%d records, headers (-SDK +got):\n%s\nSDK %s\ngot %s", n+1, diff, want, body)
			}
		}
	}
}
