package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

// client signs and sends requests.
type client struct {
	credentials aws.Credentials
	region      string
	endpoint    string
	signer      *v4.Signer
	http        *http.Client
}

func newClient(ctx context.Context) (*client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return &client{
		credentials: credentials, region: cfg.Region, endpoint: os.Getenv("AWS_ENDPOINT_URL"),
		signer: v4.NewSigner(), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
	}, nil
}

// post sends one request. The answer must contain good.
func (c *client) post(ctx context.Context, service, contentType, operation string, body []byte, good string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentType)
	if operation != "" {
		r.Header.Set("X-Amz-Target", operation)
	}
	sum := sha256.Sum256(body)
	if err := c.signer.SignHTTP(ctx, c.credentials, r, hex.EncodeToString(sum[:]), service, c.region, time.Now()); err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	text := make([]byte, answer.ContentLength)
	if _, err := io.ReadFull(answer.Body, text); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(good)) {
		return fmt.Errorf("%s answered %s", service, answer.Status)
	}
	return nil
}

// count sends the number of records and targets to CloudWatch.
func (c *client) count(ctx context.Context, records, targets int) error {
	form := fmt.Appendf(nil, "Action=PutMetricData&Version=2010-08-01&Namespace=Floor"+
		"&MetricData.member.1.MetricName=Records&MetricData.member.1.Value=%d&MetricData.member.1.Unit=Count"+
		"&MetricData.member.2.MetricName=Delivered&MetricData.member.2.Value=%d&MetricData.member.2.Unit=Count",
		records, records*targets)
	return c.post(ctx, "monitoring", "application/x-www-form-urlencoded", "", form, "")
}
