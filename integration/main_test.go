//go:build integration

package integration

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if !strings.HasPrefix(os.Getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:") {
		fmt.Fprintln(os.Stderr, "AWS_ENDPOINT_URL is not on loopback; run make integration")
		os.Exit(1)
	}
	goleak.VerifyTestMain(tests{m})
}

// tests stops the shared servers after the tests.
type tests struct{ *testing.M }

func (t tests) Run() int {
	defer stopShared()
	return t.M.Run()
}

// account and region of the sample events.
const (
	account = "123456789012"
	region  = "eu-west-1"
)

// arnOf returns the ARN of a resource such as stream/orders.
func arnOf(service, resource string) string {
	return strings.Join([]string{"arn:aws", service, region, account, resource}, ":")
}

// services are clients for all setup and checks of the tests.
type services struct {
	cfg      aws.Config
	dynamodb *dynamodb.Client
	firehose *firehose.Client
	kinesis  *kinesis.Client
	lambda   *lambda.Client
	s3       *s3.Client
	secrets  *secretsmanager.Client
	sns      *sns.Client
	sqs      *sqs.Client
}

func connect(t *testing.T) services {
	t.Helper()
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DisableKeepAlives = true // no connection outlives the test
	})
	cfg := must(config.LoadDefaultConfig(t.Context(), config.WithHTTPClient(client)))(t)
	return services{
		cfg:      cfg,
		dynamodb: dynamodb.NewFromConfig(cfg),
		firehose: firehose.NewFromConfig(cfg),
		kinesis:  kinesis.NewFromConfig(cfg),
		lambda:   lambda.NewFromConfig(cfg),
		s3: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
		}),
		secrets: secretsmanager.NewFromConfig(cfg),
		sns:     sns.NewFromConfig(cfg),
		sqs:     sqs.NewFromConfig(cfg),
	}
}

// must returns the result of a call, and ends the test if the call failed:
//
//	out := must(client.Call(ctx, in))(t)
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
