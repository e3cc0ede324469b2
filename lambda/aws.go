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
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fanout/sinks"
)

// AWS says how to reach AWS beyond what the environment says, as the common flags
// of the command line do.
type AWS struct {
	Region      string
	Profile     string
	EndpointURL string
	NoVerifyTLS bool

	// AnswerTimeout is how long to wait for a connection, and for an answer to begin
	// once a request is sent; 0: as long as a request may take. What follows may be
	// long: a function is uploaded in one request.
	AnswerTimeout time.Duration

	// AnswerBytes bounds what is read of an answer; 0: 4 MiB, which is enough for a page
	// of a table. A page of a stream is longer.
	AnswerBytes int64
}

// answerBytes is enough for all that the function asks for: an answer to a Query has 1 MB
// as DynamoDB counts. Sinks allow less for their requests.
const answerBytes = 4 << 20

// How many values an answer may have to the function's own calls, which deliver nothing.
// A full page of a target table has about 80,000.
const (
	tableValues = 1 << 17
	otherValues = 1 << 12
)

// own returns cfg for calls whose answers have up to so many values.
func own(cfg aws.Config, values int) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), sinks.BoundValues(values))
	return cfg
}

// attemptTimeout bounds one request where no deadline does, so that a connection
// that went silent is noticed.
const attemptTimeout = 30 * time.Second

// Load returns the configuration of every AWS client. It retries nothing: the
// engine does. Clients that deliver no records set a retryer of their own.
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
	cfg.HTTPClient = sinks.Bounded(sinks.HTTPClient(cfg.HTTPClient), cmp.Or(a.AnswerBytes, answerBytes))
	return cfg, nil
}

// identity is whose rights a target's calls use.
type identity struct{ role, externalID string }

// accounts hands out AWS configurations by region and identity. It is safe for
// concurrent use.
type accounts struct {
	base    aws.Config
	session string // names the sessions of assumed roles

	noVerifyTLS bool // of caches, which are reached without base
	stdout      bool // file targets may write to standard output

	mu          sync.Mutex
	credentials map[identity]aws.CredentialsProvider
}

func newAccounts(base aws.Config, o *Options) *accounts {
	return &accounts{
		base: base, session: sessionName(o.FunctionName), noVerifyTLS: o.NoVerifyTLS, stdout: o.Stdout,
		credentials: make(map[identity]aws.CredentialsProvider),
	}
}

// sessionName tells the function in the sessions of the roles it assumes, in the 2
// to 64 characters that are allowed (STS API, AssumeRole).
func sessionName(function string) string {
	name := "fanout-" + function
	return name[:min(len(name), 64)]
}

// config returns the configuration for calls to a region ("": the function's)
// with the rights of id.
func (a *accounts) config(region string, id identity) aws.Config {
	cfg := a.base.Copy()
	if region != "" {
		cfg.Region = region
	}
	if id.role != "" {
		cfg.Credentials = a.assume(id)
	}
	return cfg
}

// assume returns the credentials of an assumed role: cached, refreshed before they
// end, and asked for once however many targets wait for them.
func (a *accounts) assume(id identity) aws.CredentialsProvider {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.credentials[id]; ok {
		return c
	}
	// The role may be of any region; the function's own is nearest, and regional
	// endpoints are what AWS recommends (IAM user guide, Manage AWS STS).
	client := sts.NewFromConfig(own(a.base, otherValues), func(o *sts.Options) { o.Retryer = retry.NewStandard() })
	provider := stscreds.NewAssumeRoleProvider(client, id.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = a.session
		if id.externalID != "" {
			o.ExternalID = aws.String(id.externalID)
		}
	})
	c := aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow, o.ExpiryWindowJitterFrac = 5*time.Minute, 0.5
	})
	a.credentials[id] = c
	return c
}
