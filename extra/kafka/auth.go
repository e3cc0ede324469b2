package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// mechanism returns the option for the SASL mechanism of a target. The client asks for the
// credentials at each connection, so a rotated secret takes effect.
func mechanism(env sinks.Env, s *sinks.Spec) ([]kgo.Opt, error) {
	name := of(&s.Destination).sasl
	if name == "" {
		return nil, nil
	}
	if name == iam {
		cfg, err := awsenv.Config(env, s)
		if err != nil {
			return nil, err
		}
		return []kgo.Opt{kgo.SASL(aws.ManagedStreamingIAM(func(ctx context.Context) (aws.Auth, error) {
			c, err := cfg.Credentials.Retrieve(ctx)
			if err != nil {
				return aws.Auth{}, engine.Errorf(engine.Retryable, "the credentials of the role are not available: %w", err)
			}
			return aws.Auth{AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken, UserAgent: "fanout"}, nil
		}))}, nil
	}
	if s.Secret == "" {
		return nil, engine.Errorf(engine.Permanent, "the target has no secret with user and password")
	}
	return []kgo.Opt{kgo.SASL(passwordMechanism(name, env.Credentials(s.Secret)))}, nil
}

// passwordMechanism returns the SASL mechanism of a user with a password.
func passwordMechanism(name string, credentials func(context.Context) (user, password string, err error)) sasl.Mechanism {
	if name == plainText {
		return plain.Plain(func(ctx context.Context) (plain.Auth, error) {
			user, password, err := credentials(ctx)
			return plain.Auth{User: user, Pass: password}, err
		})
	}
	login := func(ctx context.Context) (scram.Auth, error) {
		user, password, err := credentials(ctx)
		return scram.Auth{User: user, Pass: password}, err
	}
	if name == scram256 {
		return scram.Sha256(login)
	}
	return scram.Sha512(login)
}
