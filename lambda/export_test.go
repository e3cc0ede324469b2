package lambda

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/internal/awscall"
)

// At is the environment of a function that calls AWS at one endpoint.
func At(endpoint string) func(name string) string {
	return func(name string) string {
		if name == "AWS_ENDPOINT_URL" {
			return endpoint
		}
		return os.Getenv(name)
	}
}

// AssumeRole gets credentials of a role, once.
func AssumeRole(ctx context.Context, cfg aws.Config, role string) error {
	r := newAssumedRole(cfg, identity{role: role}, "s")
	_, err := (&assumedRole{r.client.Retrying(aws.NopRetryer{}), r.form}).Retrieve(ctx)
	return err
}

// ReadSecret reads a secret.
func ReadSecret(ctx context.Context, cfg aws.Config) error {
	_, err := secretsClient{awscall.New(cfg, secretsManager, "").Retrying(aws.NopRetryer{})}.GetSecretValue(ctx, "s")
	return err
}
