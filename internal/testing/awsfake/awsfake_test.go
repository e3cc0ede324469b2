package awsfake_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"fanout/internal/awshttp"
	"fanout/internal/testing/awsfake"
)

func start(t *testing.T) (*awsfake.Server, aws.Config) {
	t.Helper()
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		fake.Close()
	})
	return fake, aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(fake.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   awshttp.Client(&http.Client{Transport: transport}),
	}
}

// code returns the error code of an API error, "" for nil.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("not an API error: %v", err)
	}
	return api.ErrorCode()
}

const (
	stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	queue  = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
	topic  = "arn:aws:sns:eu-west-1:123456789012:orders"
)

func TestFaults(t *testing.T) {
	fake, cfg := start(t)
	tests := []struct {
		name  string
		fault awsfake.Fault
		check func(*testing.T, error)
		taken int
	}{
		{"error", awsfake.Fault{Code: "InternalFailure", Status: 500, Message: "m", RetryAfter: 3 * time.Second}, func(t *testing.T, err error) {
			r, ok := errors.AsType[*smithyhttp.ResponseError](err)
			if code(t, err) != "InternalFailure" || !ok || r.HTTPStatusCode() != 500 || r.Response.Header.Get("Retry-After") != "3" {
				t.Error(err)
			}
		}, 0},
		{"drop", awsfake.Fault{Drop: true}, broken, 0},
		{"after", awsfake.Fault{After: true}, broken, 1},
		{"body", awsfake.Fault{Body: []byte("{")}, func(t *testing.T, err error) {
			if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok {
				t.Error(err)
			}
		}, 0},
		{"delay", awsfake.Fault{Delay: time.Nanosecond}, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(fake.Records("kinesis/orders"))
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &tt.fault })
			_, err := putRecords(t, cfg, record("k", 1))
			tt.check(t, err)
			if n := len(fake.Records("kinesis/orders")) - before; n != tt.taken {
				t.Errorf("%d records were taken; want %d", n, tt.taken)
			}
		})
	}
}

func broken(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); !ok {
		t.Errorf("not a broken connection: %v", err)
	}
}

// TestPeak holds calls until all have arrived.
func TestPeak(t *testing.T) {
	fake, cfg := start(t)
	const n = 5
	var arrived sync.WaitGroup
	arrived.Add(n)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		arrived.Done()
		arrived.Wait()
		return nil
	})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := putRecords(t, cfg, record("k", 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := fake.Peak(); got != n {
		t.Errorf("peak %d; want %d", got, n)
	}
}

// TestDelays asserts that neither a canceled call nor Close waits for a delay.
func TestDelays(t *testing.T) {
	fake, cfg := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		cancel()
		return &awsfake.Fault{Delay: time.Hour}
	})
	client := kinesis.NewFromConfig(cfg)
	in := &kinesis.PutRecordsInput{StreamName: aws.String("orders"), Records: []kinesistypes.PutRecordsRequestEntry{record("k", 1)}}
	if _, err := client.PutRecords(ctx, in); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	other, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	other.OnCall(func(awsfake.Call) *awsfake.Fault {
		close(held)
		return &awsfake.Fault{Delay: time.Hour}
	})
	cfg.BaseEndpoint = aws.String(other.URL())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := putRecords(t, cfg, record("k", 1)); err == nil {
			t.Error("the call went through")
		}
	})
	<-held
	other.Close()
	wg.Wait()
}

func TestStrangers(t *testing.T) {
	fake, cfg := start(t)
	cfg.Credentials = aws.AnonymousCredentials{}
	_, err := putRecords(t, cfg, record("k", 1))
	if got := code(t, err); got != "MissingAuthenticationToken" {
		t.Errorf("an unsigned call: %q", got)
	}
	_, cfg2 := start(t)
	_, err = kinesis.NewFromConfig(cfg2).ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	if got := code(t, err); got != "UnknownOperationException" {
		t.Errorf("an operation that is not here: %q", got)
	}
	if n := len(fake.Destinations()); n != 0 {
		t.Errorf("%d destinations", n)
	}
	for target, body := range map[string]string{
		"Kinesis_20131202.PutRecords":      "{",
		"Firehose_20150804.PutRecordBatch": "{",
		"AmazonSQS.SendMessageBatch":       "{",
		"DynamoDB_20120810.Query":          "{",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fake.URL(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", target)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261122/eu-west-1/any/aws4_request, SignedHeaders=host")
		resp, err := cfg.HTTPClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", target, resp.StatusCode)
		}
	}
}
