package main

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"fanout/internal/awshttp"
	"fanout/internal/testing/faultproxy"
	"fanout/lambda"
	"fanout/lambda/metrics"
)

// newHandler returns the function with the targets of a file. Its AWS is at endpoint, or
// behind client's transport.
func newHandler(file, endpoint string, client *http.Client, inFlight int) (*lambda.Handler, error) {
	cfg := aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIARELIABILITY", "made-up", ""),
		HTTPClient:  awshttp.Client(client),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	if endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	o := lambda.DefaultOptions()
	o.PrivateHosts = true // the web server of this process
	o.TargetsFile, o.Metrics, o.ReportBatchItemFailures, o.InFlight = file, metrics.ModeNone, true, inFlight
	return lambda.New(o, cfg, zap.NewNop())
}

// handler returns the function for a cell whose target is at an address, and its client.
func (c *cell) handler(at string) (*lambda.Handler, *http.Client, error) {
	file, err := c.targets(at)
	if err != nil {
		return nil, nil, err
	}
	endpoint := c.aws.URL()
	if c.kind.family == overHTTP {
		endpoint = "http://" + at
	}
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), Timeout: 30 * time.Second} //nolint:forcetypeassert // it is one
	if c.fault.tls {
		authority() // trusted from now on
		if c.kind.family == overHTTP {
			endpoint = "https://" + at
		}
	}
	if c.fault.wire[c.kind.family].Cut == faultproxy.CutStall {
		client.Timeout = attemptTime
	}
	h, err := newHandler(file, endpoint, client, 8)
	return h, client, err
}
