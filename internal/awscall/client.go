// Package awscall calls AWS services with one small client. It takes the configuration,
// credentials, signer, retryer and errors of the AWS SDK. The SDK's own clients of services
// are left out: each of them adds about 0.1 ms to the start of the function, and most of the
// work of their requests is to write and read what fanout writes and reads itself.
package awscall

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"fanout/internal/awshttp"
)

// Client calls one service in one region. It is safe for concurrent use.
type Client struct {
	service Service
	cfg     aws.Config
	place   *place
	signer  *v4.Signer
	retry   aws.Retryer // nil: one attempt
	skew    atomic.Int64
}

// place is the endpoint of a client. The first call looks it up, so that a start does not.
type place struct {
	once     sync.Once
	given    string
	bucket   string // of S3
	endpoint *url.URL
	fault    error
}

// New returns a client for a service. A configured endpoint takes precedence over endpoint,
// which takes precedence over the service's own; "" is the service's own.
func New(cfg aws.Config, s Service, endpoint string) *Client {
	c := &Client{service: s, cfg: cfg, place: &place{given: endpoint}, signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s.S3 })}
	if c.cfg.HTTPClient == nil {
		c.cfg.HTTPClient = sdkhttp.NewBuildableClient()
	}
	return c
}

// Retrying returns a client that repeats calls as r says. It is for calls that deliver no
// records: those are repeated by the engine.
func (c *Client) Retrying(r aws.Retryer) *Client {
	return &Client{service: c.service, cfg: c.cfg, place: c.place, signer: c.signer, retry: r}
}

// Body is the body of a request.
type Body interface {
	Reader() io.ReadSeekCloser
	Len() int64
	Hash() string // SHA-256 in hex, for the signature
}

// Request is one call of an operation.
type Request struct {
	Operation string
	Method    string      // "": POST
	Path      string      // escaped, behind the endpoint's own; "": /
	Query     string      // encoded
	Header    http.Header // with the type of the content
	Body      Body        // nil: none

	// Bounds of an answer; 0: those of a call without records.
	MaxBytes  int64
	MaxValues int
}

// JSONHeader returns the header of a request in a JSON protocol of AWS, in a version such as 1.1.
// target is the version of the API, a point, and the operation.
func JSONHeader(version, target string) http.Header {
	return http.Header{"Content-Type": {"application/x-amz-json-" + version}, "X-Amz-Target": {target}}
}

// FormHeader returns the header of a request in the query protocol of AWS.
func FormHeader() http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
}

// Read reads the body of an answer with a status of success. Its error means that the answer
// is not one of the service.
type Read func(answer *http.Response) error

// Do makes a call. Its error is an [smithy.OperationError], as that of an SDK client: with the
// service's error code, or the reason why there is no answer.
func (c *Client) Do(ctx context.Context, r *Request, read Read) error {
	if err := c.attempts(ctx, r, read); err != nil {
		return &smithy.OperationError{ServiceID: c.service.ID, OperationName: r.Operation, Err: err}
	}
	return nil
}

// find looks up the endpoint.
func (c *Client) find(ctx context.Context) {
	p := c.place
	p.endpoint, p.fault = c.service.endpoint(ctx, c.cfg, p.given)
	if p.fault == nil && p.bucket != "" {
		p.endpoint = inBucket(*p.endpoint, p.bucket, c.service.configured(ctx, c.cfg) != "")
	}
}

// attempts makes a call, and repeats it as the retryer says.
func (c *Client) attempts(ctx context.Context, r *Request, read Read) error {
	c.place.once.Do(func() { c.find(ctx) })
	if c.place.fault != nil {
		return c.place.fault
	}
	for n := 1; ; n++ {
		err := c.attempt(ctx, r, read)
		if err == nil || c.retry == nil || n >= c.retry.MaxAttempts() || !c.retry.IsErrorRetryable(err) {
			return err
		}
		wait, errWait := c.retry.RetryDelay(n, err)
		if errWait != nil || sleep(ctx, wait) != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt makes a call once.
func (c *Client) attempt(ctx context.Context, r *Request, read Read) error {
	req, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	if len(c.cfg.APIOptions) > 0 {
		return c.through(ctx, r, req, read)
	}
	answer, err := c.send(ctx, r, req) //nolint:bodyclose // receive closes it
	if err != nil {
		return err
	}
	return c.receive(r, answer, read)
}

// request returns the request of a call, without a signature.
func (c *Client) request(ctx context.Context, r *Request) (*http.Request, error) {
	u := *c.place.endpoint
	path := strings.TrimSuffix(u.EscapedPath(), "/") + "/" + strings.TrimPrefix(r.Path, "/")
	var err error
	if u.Path, err = url.PathUnescape(path); err != nil {
		return nil, err
	}
	u.RawPath, u.RawQuery = path, r.Query
	req := &http.Request{
		Method: r.Method, URL: &u, Host: u.Host, Header: r.Header.Clone(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if req.Method == "" {
		req.Method = http.MethodPost
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	req.Header.Set("User-Agent", "fanout")
	if b := r.Body; b != nil {
		req.Body, req.ContentLength = b.Reader(), b.Len()
		// Without GetBody, net/http would give up on a connection that the service closed
		// before anything was written.
		req.GetBody = func() (io.ReadCloser, error) { return b.Reader(), nil }
	}
	return req.WithContext(ctx), nil
}

// emptyHash is the SHA-256 of an empty body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// send signs and sends a request.
func (c *Client) send(ctx context.Context, r *Request, req *http.Request) (*http.Response, error) {
	if c.cfg.Credentials != nil {
		creds, err := c.cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return nil, &credentialsError{err}
		}
		hash := emptyHash
		if r.Body != nil {
			hash = r.Body.Hash()
		}
		if c.service.S3 {
			req.Header.Set("X-Amz-Content-Sha256", hash) // S3 asks for it
		}
		at := time.Now().Add(time.Duration(c.skew.Load()))
		if err := c.signer.SignHTTP(ctx, creds, req, hash, c.service.signing(), c.cfg.Region, at); err != nil {
			return nil, err
		}
	}
	answer, err := c.cfg.HTTPClient.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, &smithy.CanceledError{Err: ctx.Err()}
		}
		return nil, &sendError{err}
	}
	c.adjust(answer)
	return answer, nil
}

// receive reads an answer, and closes it.
func (c *Client) receive(r *Request, answer *http.Response, read Read) error {
	defer func() {
		_, _ = io.CopyN(io.Discard, answer.Body, maxRest)
		_ = answer.Body.Close()
	}()
	if r.MaxBytes > 0 {
		answer.Body = awshttp.Body(answer.Body, r.MaxBytes)
	}
	values := r.MaxValues
	if values == 0 {
		values = awshttp.MaxValues(0)
	}
	if answer.StatusCode/100 != 2 {
		answer.Body = awshttp.Counted(answer.Body, values)
		return errorOf(answer, &c.service)
	}
	if err := read(answer); err != nil {
		return answered(answer, &smithy.DeserializationError{Err: err})
	}
	return nil
}

// maxRest is the limit, in bytes, of the rest of an answer that is read so that its
// connection can be used again.
const maxRest = 64 << 10

// maxSkew is how far a clock may be wrong before its signatures are refused: AWS takes
// those of five minutes ago, and this leaves one.
const maxSkew = 4 * time.Minute

// adjust learns how far this machine's clock is from the service's.
func (c *Client) adjust(answer *http.Response) {
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil || answer.Header.Get("Age") != "" { // a cache's date is old
		return
	}
	if skew := time.Until(date); skew > maxSkew || skew < -maxSkew {
		c.skew.Store(int64(skew))
	} else {
		c.skew.Store(0)
	}
}
