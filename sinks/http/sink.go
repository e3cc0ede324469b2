// Package http posts records to the URLs of web servers.
package http

import (
	"context"
	"crypto/x509"
	"errors"
	nethttp "net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/internal/jsonscan"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/request"
)

// Limits of a body. nginx takes 1 MiB by default (client_max_body_size), URLs of functions
// 6 MB, and API Gateway 10 MB.
const (
	defaultBytes = 1 << 20
	maxBytes     = 100 << 20
)

// Options are the settings of a sink beside its URL. The zero value sends each record as it
// is, without credentials.
type Options struct {
	Headers   string // a JSON object of strings, as the attribute headers has it; "": none
	Auth      string // "": none
	RateLimit int    // requests a second of all sinks of the process with this URL and limit; 0: any
	InFlight  int    // connections that are kept; 0: engine.DefaultInFlight

	// Secret returns the text of the secret. It is called for each request or token, so it
	// should be cached.
	Secret func(context.Context) (string, error)

	// Of auth sigv4.
	Signing     string // service: execute-api or lambda
	Region      string
	Credentials aws.CredentialsProvider

	// The form of the records, which Content-Type and Content-Encoding name.
	Collapse sinks.Collapse
	Envelope string
	Compress string

	Private  bool           // addresses inside a network are allowed
	Roots    *x509.CertPool // trusted authorities; nil: those of the system
	Insecure bool           // the certificate is not verified
}

// Sink posts records to a URL, one record or one message of collapsed records a request. Any
// status of 200 to 299 delivers it.
//
// The header Idempotency-Key, and webhook-id with the same value, is made of the source,
// shard and sequence number of the records. So it is the same when a record is sent again,
// however often and by whichever instance. A message of several records has a hash of them
// all.
type Sink struct {
	client *nethttp.Client
	name   string
	url    string
	header nethttp.Header // the same for all requests
	auth   authorizer
	origin ids.Origin
	limits engine.Limits

	peek bool // the type of the content depends on the record
}

// New returns a sink for a URL. The error names the option that is missing or wrong. A body
// may have 1 MiB; RecordBytes changes that, up to 100 MiB. Close closes its connections.
func New(address string, o Options, opts ...sinks.Option) (*Sink, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the URL of the target is invalid; write one like https://hooks.example.com/orders")
	}
	s := &Sink{client: newClient(&o), name: "http " + u.Host, url: address, origin: sinks.Collect(opts).Origin}
	if s.header, err = parseHeaders(o.Headers); err != nil {
		return nil, err
	}
	s.describe(&o)
	if s.auth, err = newAuthorizer(s.client, s.name, &o); err != nil {
		return nil, err
	}
	s.limits = engine.Limits{Records: 1, RecordBytes: sinks.RecordLimit(opts, defaultBytes, maxBytes)}
	if o.RateLimit > 0 {
		s.limits.Pace = pacer(address, o.RateLimit).Wait
	}
	return s, nil
}

// The types of a body.
const (
	contentType = "Content-Type"
	jsonType    = "application/json"
	bytesType   = "application/octet-stream"
)

// describe sets the headers that describe the body.
func (s *Sink) describe(o *Options) {
	if o.Compress != "" {
		s.header["Content-Encoding"] = []string{o.Compress} // RFC 9110, section 8.4.1, and RFC 8878
	}
	collapsed := o.Collapse != "" && o.Collapse != sinks.CollapseNone
	switch {
	case s.header[contentType] != nil:
	case o.Collapse == sinks.CollapseJSON:
		s.header.Set(contentType, jsonType)
	case o.Envelope == sinks.EnvelopeCloudEvents && !collapsed:
		s.header.Set(contentType, "application/cloudevents+json") // CloudEvents, HTTP protocol binding
	case o.Compress != "" || collapsed:
		s.header.Set(contentType, bytesType)
	default:
		s.peek = true
	}
	if s.header["User-Agent"] == nil {
		s.header.Set("User-Agent", "fanout")
	}
}

// String returns "http", a space and the host. The path may hold a key.
func (s *Sink) String() string { return s.name }

// Limits allows one record, or one message, a request.
func (s *Sink) Limits() engine.Limits { return s.limits }

// Sizer returns nil: only the data counts.
func (*Sink) Sizer() func(r *engine.Record) int { return nil }

// Close closes idle connections.
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Send makes one request.
func (s *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	data := batch[0].Data.Bytes()
	body := request.NewBody(request.TextLen(batch))
	body.Add(data)
	c := body.Content()
	err := s.post(ctx, &batch[0], c, data)
	c.Detach()
	body.Free()
	if err != nil {
		return engine.Failed(err)
	}
	return engine.Outcome{}
}

// The headers with the id of a request.
const (
	idempotencyKey = "Idempotency-Key"
	webhookID      = "Webhook-Id"
)

// post sends c, which has the data of r.
func (s *Sink) post(ctx context.Context, r *engine.Record, c *request.Content, data []byte) error {
	req, err := request.Post(ctx, s.url, c)
	if err != nil {
		return engine.Errorf(engine.Permanent, "%s: the request cannot be made", s.name)
	}
	for name, values := range s.header {
		req.Header[name] = values
	}
	if s.peek {
		req.Header.Set(contentType, typeOf(data))
	}
	id := idOf(s.origin, r)
	req.Header.Set(idempotencyKey, id)
	req.Header.Set(webhookID, id)
	if err := s.auth.authorize(req, c); err != nil {
		return classify.Error(s.name, err)
	}
	request.Complete(req)
	resp, err := s.client.Do(req) //nolint:bodyclose // finish closes it
	if err != nil {
		return classify.Error(s.name, err)
	}
	defer finish(resp.Body)
	again := s.auth.judge(req, resp.StatusCode)
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case again:
		return engine.Errorf(engine.Retryable, "%s: HTTP status %s: the token is not valid any more; the next attempt gets a new one", s.name, statusText(resp.StatusCode))
	}
	return refused(s.name, resp)
}

// typeOf returns the type of data.
func typeOf(data []byte) string {
	if len(data) > 0 && jsonscan.Valid(data) {
		return jsonType
	}
	return bytesType
}

// idOf returns the id of r, in visible ASCII without a dot: Standard Webhooks puts one
// behind it.
func idOf(origin ids.Origin, r *engine.Record) string {
	id := origin.DedupID(r)
	if strings.Contains(id, ".") {
		return ids.Hash([]byte(id))
	}
	return id
}
