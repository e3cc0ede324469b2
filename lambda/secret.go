package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"golang.org/x/sync/singleflight"

	"fanout/engine"
)

// secretTTL is how long a secret is used before it is read again, so that new connections
// notice a rotation.
const secretTTL = 5 * time.Minute

// secret is a cache's user and password in Secrets Manager: a JSON object with the members
// username and password, or the password alone.
type secret struct {
	client secretsAPI
	arn    string

	group singleflight.Group
	mu    sync.Mutex
	login login
	until time.Time // end of login's validity
}

type login struct {
	User     string `json:"username"`
	Password string `json:"password"`
}

// secretsAPI is the part of the Secrets Manager client that a secret uses.
type secretsAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// newSecret returns the secret with an ARN. The ARN also gives the region.
func newSecret(cfg aws.Config, id string) *secret {
	if a, err := arn.Parse(id); err == nil && a.Region != "" {
		cfg.Region = a.Region
	}
	return &secret{arn: id, client: secretsmanager.NewFromConfig(own(cfg, otherValues), func(o *secretsmanager.Options) { o.Retryer = retry.NewStandard() })}
}

// credentials returns user and password. One read of the secret serves all concurrent
// callers.
func (s *secret) credentials(ctx context.Context) (user, password string, err error) {
	if l, ok := s.cached(); ok {
		return l.User, l.Password, nil
	}
	// If the caller that reads gives up, the read must not fail for the others.
	result := s.group.DoChan("", func() (any, error) { return s.read(context.WithoutCancel(ctx)) })
	select {
	case r := <-result:
		if r.Err != nil {
			return "", "", r.Err
		}
		l := r.Val.(login) //nolint:forcetypeassert // read returns a login
		return l.User, l.Password, nil
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
}

func (s *secret) cached() (login, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login, time.Now().Before(s.until)
}

func (s *secret) read(ctx context.Context) (login, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.arn})
	if err != nil {
		return login{}, fmt.Errorf("secret %s: %w", s.arn, err)
	}
	l, err := parseLogin(aws.ToString(out.SecretString))
	if err != nil {
		return login{}, engine.Errorf(engine.Permanent, "secret %s: %w", s.arn, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login, s.until = l, time.Now().Add(secretTTL)
	return l, nil
}

// parseLogin parses the text of a secret. Its error shows none of it.
func parseLogin(text string) (login, error) {
	var l login
	if text == "" {
		return l, errors.New("it is binary or empty; store JSON with username and password, or the password as text")
	}
	if text[0] != '{' {
		return login{Password: text}, nil
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil || l.Password == "" {
		return l, errors.New(`it has no member "password"; store JSON with username and password, or the password as text`)
	}
	return l, nil
}
