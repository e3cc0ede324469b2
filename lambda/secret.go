package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"golang.org/x/sync/singleflight"

	"fanout/engine"
	"fanout/internal/awscall"
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

// secretsAPI reads the text of a secret. It is empty for a binary one.
type secretsAPI interface {
	GetSecretValue(ctx context.Context, arn string) (string, error)
}

// secretsManager is AWS Secrets Manager.
var secretsManager = awscall.Service{ID: "Secrets Manager", Name: "secretsmanager", UsualDual: true}

// secretsClient calls Secrets Manager.
type secretsClient struct{ *awscall.Client }

// GetSecretValue implements secretsAPI.
func (c secretsClient) GetSecretValue(ctx context.Context, id string) (string, error) {
	in, err := json.Marshal(map[string]string{"SecretId": id})
	if err != nil {
		return "", err
	}
	var out struct{ SecretString string }
	err = c.Do(ctx, &awscall.Request{
		Operation: "GetSecretValue", Body: awscall.Text(in),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"secretsmanager.GetSecretValue"}},
	}, awscall.JSON(&out, otherValues))
	return out.SecretString, err
}

// newSecret returns the secret with an ARN. The ARN also gives the region.
func newSecret(cfg aws.Config, id string) *secret {
	if a, err := arn.Parse(id); err == nil && a.Region != "" {
		cfg.Region = a.Region
	}
	return &secret{arn: id, client: secretsClient{awscall.New(own(cfg, otherValues), secretsManager, "").Retrying(retry.NewStandard())}}
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
	text, err := s.client.GetSecretValue(ctx, s.arn)
	if err != nil {
		return login{}, fmt.Errorf("secret %s: %w", s.arn, err)
	}
	l, err := parseLogin(text)
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
