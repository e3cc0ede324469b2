package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// SecretLogin returns a function that reads user and password from a secret in Secrets Manager,
// as targets do. It reads the secret again after five minutes.
func SecretLogin(cfg aws.Config, secretARN string) func(context.Context) (user, password string, err error) {
	return newSecret(cfg, secretARN, isLogin).credentials
}
