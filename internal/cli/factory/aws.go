package factory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"fanout/engine"
	"fanout/internal/awsname"
	"fanout/lambda"
)

// answerBytes bounds the answers of AWS. The longest are pages of streams: GetRecords
// returns 10 MB of data, in base64.
const answerBytes = 64 << 20

// AWS holds settings for reaching AWS that go beyond the environment: the flags that every
// command has.
type AWS struct {
	Region      string
	Profile     string
	EndpointURL string
	NoVerifyTLS bool

	// AnswerTimeout bounds the wait for a connection, and then the wait for the answer to
	// begin after the request is sent. 0 allows as long as a request may take. The upload
	// and the rest of the answer may take longer: a function is uploaded in one request.
	AnswerTimeout time.Duration
}

// Load returns the configuration for every AWS client.
func (a AWS) Load(ctx context.Context, inFlight int) (aws.Config, error) {
	client := lambda.HTTPClient(inFlight).WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig.InsecureSkipVerify = a.NoVerifyTLS
		t.ResponseHeaderTimeout = a.AnswerTimeout
	})
	if a.AnswerTimeout > 0 {
		client = client.WithDialerOptions(func(d *net.Dialer) { d.Timeout = a.AnswerTimeout })
	}
	opts := []func(*config.LoadOptions) error{config.WithHTTPClient(client)}
	if a.Region != "" {
		opts = append(opts, config.WithRegion(a.Region))
	}
	if a.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(a.Profile))
	}
	if a.EndpointURL != "" {
		opts = append(opts, config.WithBaseEndpoint(a.EndpointURL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, fmt.Errorf("the AWS configuration cannot be read: %w", err)
	}
	return lambda.Prepared(cfg, answerBytes), nil
}

// Load returns the configuration of the AWS clients. If no region is set, it uses the
// region of the first source, where the function would be.
func (c *Factory) Load(ctx context.Context, inFlight int, sources []string) (aws.Config, error) {
	if u, err := url.Parse(c.AWS.EndpointURL); c.AWS.EndpointURL != "" && (err != nil || u.Host == "") {
		return aws.Config{}, fmt.Errorf("--endpoint-url is %q; it must be a URL such as http://127.0.0.1:4566", c.AWS.EndpointURL)
	}
	if c.AWS.Region != "" && !awsname.IsRegion(c.AWS.Region) {
		return aws.Config{}, fmt.Errorf("--region is %q; it must be a region such as eu-west-1", c.AWS.Region)
	}
	cfg, err := c.AWS.Load(ctx, inFlight)
	if unknown, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return cfg, fmt.Errorf("the shared AWS configuration has no profile %q; name another one with --profile or AWS_PROFILE", unknown.Profile)
	}
	if err != nil {
		return cfg, err
	}
	if cfg.Region == "" && len(sources) > 0 {
		cfg.Region = RegionOf(sources[0])
	}
	cfg.Credentials = plainly{cfg.Credentials}
	if !c.Debug {
		cfg.Logger = logging.Nop{} // its warnings, such as missing checksums of emulators, do not help the user
	}
	return cfg, nil
}

// RegionOf returns the region in an ARN, "" if there is none.
func RegionOf(name string) string {
	a, _ := arn.Parse(name) // other code refuses invalid ARNs
	return a.Region
}

// plainly explains the remedy if there are no credentials.
type plainly struct{ aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (p plainly) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.CredentialsProvider.Retrieve(ctx)
	// The SDK tries the instance's role last.
	if last, ok := errors.AsType[*smithy.OperationError](err); ok && last.ServiceID == "ec2imds" {
		err = engine.Errorf(engine.Permanent, "there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return c, err
}
