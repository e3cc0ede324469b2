package role

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"fanout/internal/provision/cloud"
)

// Region has the services of one region that know which key encrypts their data.
type Region struct {
	Config   aws.Config
	KMS      KMSAPI
	DynamoDB dynamodb.DescribeTableAPIClient
	Secrets  SecretsAPI
}

// KMSAPI is the part of a KMS client that a Region needs.
type KMSAPI interface {
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
}

// SecretsAPI is the part of a Secrets Manager client that a Region needs.
type SecretsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

// Regions returns the regions of an account; "" is the account's own.
func Regions(a *cloud.Account) func(region string) Region {
	return func(region string) Region {
		in := a.In(region)
		return Region{Config: in.Config(), KMS: in.KMS(), DynamoDB: in.DynamoDB(), Secrets: in.SecretsManager()}
	}
}

type keyID = func(ctx context.Context, r Region) (string, error)

func tableKey(table string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		out, err := r.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil || out.Table.SSEDescription == nil {
			return "", err
		}
		return aws.ToString(out.Table.SSEDescription.KMSMasterKeyArn), nil
	}
}

func secretKey(secret string) keyID {
	return func(ctx context.Context, r Region) (string, error) {
		out, err := r.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secret})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.KmsKeyId), nil
	}
}
