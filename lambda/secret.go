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
	"golang.org/x/sync/singleflight"

	"fanout/engine"
	"fanout/internal/awscall"
)

// secretTTL is how long a secret is used before it is read again, so that new connections
// notice a rotation.
const secretTTL = 5 * time.Minute

// secret is a secret in Secrets Manager.
type secret struct {
	client secretsAPI
	arn    string
	valid  func(text string) error

	group singleflight.Group
	mu    sync.Mutex
	text  string
	until time.Time // when text is read again
}

// login is a cache's secret: a JSON object with these members, or the password alone.
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
		Header: awscall.JSONHeader("1.1", "secretsmanager.GetSecretValue"),
	}, awscall.JSON(&out, otherValues))
	return out.SecretString, err
}

// newSecret returns the secret with an ARN. The ARN also gives the region. A text that valid
// refuses is not used.
func newSecret(cfg aws.Config, id string, valid func(text string) error) *secret {
	if a, err := arn.Parse(id); err == nil && a.Region != "" {
		cfg.Region = a.Region
	}
	return &secret{arn: id, valid: valid, client: secretsClient{awscall.New(cfg, secretsManager, "").Retrying(retry.NewStandard())}}
}

// credentials returns user and password.
func (s *secret) credentials(ctx context.Context) (user, password string, err error) {
	text, err := s.value(ctx)
	if err != nil {
		return "", "", err
	}
	l, err := parseLogin(text)
	return l.User, l.Password, err
}

// value returns the text. One read of the secret serves all concurrent callers.
func (s *secret) value(ctx context.Context) (string, error) {
	if text, ok := s.cached(); ok {
		return text, nil
	}
	// If the caller that reads gives up, the read must not fail for the others.
	result := s.group.DoChan("", func() (any, error) { return s.read(context.WithoutCancel(ctx)) })
	select {
	case r := <-result:
		text, _ := r.Val.(string)
		return text, r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (s *secret) cached() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text, time.Now().Before(s.until)
}

func (s *secret) read(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	text, err := s.client.GetSecretValue(ctx, s.arn)
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", s.arn, err)
	}
	if err := s.valid(text); err != nil {
		return "", engine.Errorf(engine.Permanent, "secret %s: %w", s.arn, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.until = text, time.Now().Add(secretTTL)
	return text, nil
}

// isLogin returns an error if text is not the secret of a cache.
func isLogin(text string) error {
	_, err := parseLogin(text)
	return err
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
