package lambda

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	awshttpsink "fanout/internal/awshttp"
	"fanout/sinks"
)

// AWS holds settings for reaching AWS that go beyond the environment, such as the common
// command-line flags.
type AWS struct {
	Region      string
	Profile     string
	EndpointURL string
	NoVerifyTLS bool

	// AnswerTimeout bounds the wait for a connection, and then the wait for the answer to
	// begin after the request is sent. 0 allows as long as a request may take. The upload
	// and the rest of the answer may take longer: a function is uploaded in one request.
	AnswerTimeout time.Duration

	// AnswerBytes bounds the bytes read of an answer. 0 means 4 MiB, which is enough for a
	// page of a table. A page of a stream is longer.
	AnswerBytes int64
}

// answerBytes is enough for every answer to the function's own calls: a Query returns up to
// 1 MB as DynamoDB counts it. Sinks allow less for their requests.
const answerBytes = 4 << 20

// Bounds on the number of values in an answer to the function's own calls, which deliver no
// records. A full page of a target table has about 80,000.
const (
	tableValues = 1 << 17
	otherValues = 1 << 12
)

// own returns cfg for calls whose answers have at most this many values.
func own(cfg aws.Config, values int) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), awshttpsink.BoundValues(values))
	return cfg
}

// attemptTimeout bounds one request when no deadline does, so that a silent connection is
// noticed.
const attemptTimeout = 30 * time.Second

// Load returns the configuration for every AWS client. It disables retries, because the
// engine retries. Clients that deliver no records set their own retryer.
func (a AWS) Load(ctx context.Context, inFlight int) (aws.Config, error) {
	client := awshttp.NewBuildableClient().WithTimeout(attemptTimeout).WithTransportOptions(func(t *http.Transport) {
		tune(t, inFlight)
		t.TLSClientConfig.InsecureSkipVerify = a.NoVerifyTLS
		t.ResponseHeaderTimeout = a.AnswerTimeout
	})
	if a.AnswerTimeout > 0 {
		client = client.WithDialerOptions(func(d *net.Dialer) { d.Timeout = a.AnswerTimeout })
	}
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}
	if a.Region != "" {
		opts = append(opts, config.WithRegion(a.Region))
	}
	if a.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(a.Profile))
	}
	if a.EndpointURL != "" {
		opts = append(opts, config.WithBaseEndpoint(a.EndpointURL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, fmt.Errorf("the AWS configuration cannot be read: %w", err)
	}
	cfg.HTTPClient = awshttpsink.Bounded(awshttpsink.Client(cfg.HTTPClient), cmp.Or(a.AnswerBytes, answerBytes))
	return cfg, nil
}

// identity is the role whose permissions a target's calls use.
type identity struct{ role, externalID string }

// env provides sinks with AWS configurations by region and identity, and secrets. It is
// safe for concurrent use.
type env struct {
	base    aws.Config
	session string // names the sessions of assumed roles

	noVerifyTLS bool // of caches, which do not use base
	stdout      bool // file targets may write to standard output

	mu          sync.Mutex
	credentials map[identity]aws.CredentialsProvider
}

func newEnv(base aws.Config, o *Options) *env {
	if o.Tracing {
		base.APIOptions = append(slices.Clip(base.APIOptions), addTraceHeader)
	}
	return &env{
		base: base, session: sessionName(o.FunctionName), noVerifyTLS: o.NoVerifyTLS, stdout: o.Stdout,
		credentials: make(map[identity]aws.CredentialsProvider),
	}
}

// Stdout implements sinks.Env.
func (e *env) Stdout() bool { return e.stdout }

// VerifyTLS implements sinks.Env.
func (e *env) VerifyTLS() bool { return !e.noVerifyTLS }

// Credentials implements sinks.Env.
func (e *env) Credentials(secretARN string) func(context.Context) (user, password string, err error) {
	return newSecret(e.base, secretARN).credentials
}

// AWS implements awsenv.Env.
func (e *env) AWS(s *sinks.Spec) aws.Config {
	return e.config(s.Region, identity{s.Role, s.ExternalID})
}

// sessionName names the function in the sessions of the roles it assumes, in the 2 to 64
// characters that STS allows (STS API, AssumeRole).
func sessionName(function string) string {
	name := "fanout-" + function
	return name[:min(len(name), 64)]
}

// config returns the configuration for calls to a region with the permissions of id. An
// empty region is the function's own.
func (e *env) config(region string, id identity) aws.Config {
	cfg := e.base.Copy()
	if region != "" {
		cfg.Region = region
	}
	if id.role != "" {
		cfg.Credentials = e.assume(id)
	}
	return cfg
}

// assume returns cached credentials for an assumed role. They are refreshed before they
// expire. One request serves all waiting targets.
func (e *env) assume(id identity) aws.CredentialsProvider {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, ok := e.credentials[id]; ok {
		return c
	}
	// The role may be in any region. The function's region is nearest, and AWS recommends
	// regional endpoints (IAM user guide, Manage AWS STS).
	c := aws.NewCredentialsCache(newAssumedRole(own(e.base, otherValues), id, e.session), func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow, o.ExpiryWindowJitterFrac = 5*time.Minute, 0.5
	})
	e.credentials[id] = c
	return c
}
