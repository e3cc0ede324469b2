package factory

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"fanout/engine"
	"fanout/internal/awsname"
)

// answerBytes bounds the answers of AWS. The longest are pages of streams: GetRecords
// returns 10 MB of data, in base64.
const answerBytes = 64 << 20

// Load returns the configuration of the AWS clients. If no region is set, it uses the
// region of the first source, where the function would be.
func (c *Factory) Load(ctx context.Context, inFlight int, sources []string) (aws.Config, error) {
	if u, err := url.Parse(c.AWS.EndpointURL); c.AWS.EndpointURL != "" && (err != nil || u.Host == "") {
		return aws.Config{}, fmt.Errorf("--endpoint-url is %q; it must be a URL such as http://127.0.0.1:4566", c.AWS.EndpointURL)
	}
	if c.AWS.Region != "" && !awsname.IsRegion(c.AWS.Region) {
		return aws.Config{}, fmt.Errorf("--region is %q; it must be a region such as eu-west-1", c.AWS.Region)
	}
	c.AWS.AnswerBytes = answerBytes
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
