// Package setup looks at buckets of Amazon S3 for the commands.
package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/s3"
)

// Type describes targets that are buckets, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "bucket",
	IsFull:   account.IsARNOrURL,
	ByName:   true,
	LookUp:   lookUp,
	Inspect:  inspect,
	Key:      key,
	Endpoint: func(*sinks.Spec) string { return "s3" },
	Prices:   prices, Latencies: latencies,
}

// client returns a client that puts the name of a bucket into the path where the sink does.
func client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

func lookUp(ctx context.Context, cfg aws.Config, name, _ string) (string, error) {
	bucket, _, _ := strings.Cut(name, "/")
	_, err := client(cfg).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	return "s3://" + name, account.Found("S3 bucket", bucket, err)
}

// inspect asks for the region of the bucket.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	name := s.Destination.Name
	out, err := client(cfg).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
	if err != nil {
		return account.State{}, err
	}
	state := account.State{Name: name}
	if there := aws.ToString(out.BucketRegion); there != "" && there != cfg.Region {
		state.Fault = fmt.Sprintf("the bucket %s is in %s, and S3 is called in %s", name, there, cfg.Region)
		state.Flags = []string{"--region", there}
	}
	return state, nil
}

// noEncryption is the code for a bucket without a default encryption of its own.
const noEncryption = "ServerSideEncryptionConfigurationNotFoundError"

func key(ctx context.Context, cfg aws.Config, _ sinks.Place, s *sinks.Spec) (string, error) {
	out, err := client(cfg).GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &s.Destination.Name})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == noEncryption {
		return "", nil
	}
	if err != nil || out.ServerSideEncryptionConfiguration == nil {
		return "", err
	}
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		if by := rule.ApplyServerSideEncryptionByDefault; by != nil && by.SSEAlgorithm != types.ServerSideEncryptionAes256 {
			return aws.ToString(by.KMSMasterKeyID), nil
		}
	}
	return "", nil
}
