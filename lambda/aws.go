package lambda

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	awshttpsink "fanout/internal/awshttp"
	"fanout/sinks"
)

// answerBytes is enough for every answer to the function's own calls: a Query returns up to
// 1 MB as DynamoDB counts it. Sinks allow less for their requests.
const answerBytes = 4 << 20

// Bounds on the number of values in an answer. A full page of a target table has about 80,000.
const (
	tableValues = 1 << 17
	otherValues = 1 << 12
)

// forTables returns cfg for DynamoDB's SDK client, whose answers nothing else bounds.
func forTables(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), awshttpsink.BoundValues(tableValues))
	return cfg
}

// attemptTimeout bounds one request when no deadline does, so that a silent connection is
// noticed.
const attemptTimeout = 30 * time.Second

// HTTPClient returns the transport of every AWS client, for inFlight requests at once.
func HTTPClient(inFlight int) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(attemptTimeout).WithTransportOptions(func(t *http.Transport) { tune(t, inFlight) })
}

// Prepared returns cfg with the bounds that every AWS client has. An answer has at most maxBytes;
// 0 means 4 MiB, which is enough for a page of a table. It disables retries, because the engine
// retries. Clients that deliver no records set their own retryer.
func Prepared(cfg aws.Config, maxBytes int64) aws.Config {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	cfg.HTTPClient = awshttpsink.Bounded(awshttpsink.Client(cfg.HTTPClient), cmp.Or(maxBytes, answerBytes))
	return cfg
}

// identity is the role whose permissions a target's calls use.
type identity struct{ role, externalID string }

// env provides sinks with AWS configurations by region and identity, and secrets. It is
// safe for concurrent use.
type env struct {
	base    aws.Config
	session string // names the sessions of assumed roles

	noVerifyTLS bool // of caches and targets of type http, which do not use base
	private     bool // targets may be at addresses inside a network
	stdout      bool // file targets may write to standard output

	mu          sync.Mutex
	credentials map[identity]aws.CredentialsProvider
}

func newEnv(base aws.Config, o *Options) *env {
	if o.Tracing {
		base.APIOptions = append(slices.Clip(base.APIOptions), addTraceHeader)
	}
	return &env{
		base: base, session: sessionName(o.FunctionName), noVerifyTLS: o.NoVerifyTLS, private: o.PrivateHosts, stdout: o.Stdout,
		credentials: make(map[identity]aws.CredentialsProvider),
	}
}

// Stdout implements sinks.Env.
func (e *env) Stdout() bool { return e.stdout }

// VerifyTLS implements sinks.Env.
func (e *env) VerifyTLS() bool { return !e.noVerifyTLS }

// Credentials implements sinks.Env.
func (e *env) Credentials(secretARN string) func(context.Context) (user, password string, err error) {
	return newSecret(e.base, secretARN, isLogin).credentials
}

// Secret implements sinks.Env.
func (e *env) Secret(secretARN string, valid func(text string) error) func(context.Context) (text string, err error) {
	return newSecret(e.base, secretARN, valid).value
}

// PrivateHosts implements sinks.Env.
func (e *env) PrivateHosts() bool { return e.private }

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
	c := aws.NewCredentialsCache(newAssumedRole(e.base, id, e.session), func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow, o.ExpiryWindowJitterFrac = 5*time.Minute, 0.5
	})
	e.credentials[id] = c
	return c
}
