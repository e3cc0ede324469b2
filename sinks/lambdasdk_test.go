package sinks

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
)

// TestLambdaSameAsSDK compares requests with the bytes that the SDK would send. If it
// finds two calls after an update of the SDK, see TestSameAsSDK.
func TestLambdaSameAsSDK(t *testing.T) {
	type plain struct{ LambdaAPI } // the sink does not recognize it as the SDK's client
	changed := sourceRecord(2).With(engine.Bytes(bytes.Repeat([]byte("a"), 1000)))
	recs := []engine.Record{sourceRecord(1), changed, userOf(sourceRecord(3), 1, "k", "1", "x")}
	for _, form := range []Form{SourceRecords, KinesisRecords} {
		spliced := service{"lambda", func(c aws.Config, _ ...Option) engine.Sink {
			return NewLambda(lambda.NewFromConfig(c), "arn:aws:lambda:eu-west-1:123456789012:function:orders", "live", form)
		}}
		sdk := service{"lambda", func(c aws.Config, _ ...Option) engine.Sink {
			return NewLambda(plain{lambda.NewFromConfig(c)}, "arn:aws:lambda:eu-west-1:123456789012:function:orders", "live", form)
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
