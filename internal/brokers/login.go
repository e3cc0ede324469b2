package brokers

import (
	"context"
	"crypto/tls"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"fanout/engine"
)

// Login has what a client shows to brokers, and accepts from them. It is asked for at each
// connection, so a rotated secret takes effect.
type Login struct {
	Password       func(context.Context) (user, password string, err error)
	Role           awssdk.CredentialsProvider // for [IAM]
	AnyCertificate bool
}

// Options returns the options of a client: where the brokers are, TLS, and the login.
func (a *Address) Options(l Login) []kgo.Opt {
	opts := []kgo.Opt{kgo.SeedBrokers(a.Hosts...), kgo.ClientID("fanout"), kgo.DisableClientMetrics()}
	if a.TLS {
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: l.AnyCertificate})) //nolint:gosec // --no-verify-ssl asks for it
	}
	if a.SASL != "" {
		opts = append(opts, kgo.SASL(a.mechanism(l)))
	}
	return opts
}

func (a *Address) mechanism(l Login) sasl.Mechanism {
	login := func(ctx context.Context) (scram.Auth, error) {
		user, password, err := l.Password(ctx)
		return scram.Auth{User: user, Pass: password}, err
	}
	switch a.SASL {
	case IAM:
		return aws.ManagedStreamingIAM(func(ctx context.Context) (aws.Auth, error) {
			c, err := l.Role.Retrieve(ctx)
			if err != nil {
				return aws.Auth{}, engine.Errorf(engine.Retryable, "the credentials of the role are not available: %w", err)
			}
			return aws.Auth{AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken, UserAgent: "fanout"}, nil
		})
	case Plain:
		return plain.Plain(func(ctx context.Context) (plain.Auth, error) {
			user, password, err := l.Password(ctx)
			return plain.Auth{User: user, Pass: password}, err
		})
	case Scram256:
		return scram.Sha256(login)
	default:
		return scram.Sha512(login)
	}
}
