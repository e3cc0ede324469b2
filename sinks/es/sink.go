// Package es delivers records to Elasticsearch and OpenSearch indexes.
package es

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

	"fanout/engine"
	"fanout/internal/jq"
	"fanout/sinks"
	"fanout/sinks/internal/classify"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/request"
)

// Limits of a cluster's request: 10 MiB on small AWS instances, 100 MiB on large ones
// (OpenSearch Service guide, Quotas, network limits) and by default
// (http.max_content_length).
const (
	defaultBytes = 10 << 20
	maxBytes     = 100 << 20
)

// maxRecords limits the memory of a request with small documents: each document adds a
// line of metadata, an action and an item of the answer. More records take more memory,
// and the cluster is not faster with them (docs/performance.md, Memory).
const maxRecords = 1000

// Index is the destination of a sink.
type Index struct {
	URL     string // of the endpoint, https://host:9200; user and password in it replace the signature
	Index   string // name of an index, alias or data stream; with places, such as orders-${.type}, one for each record
	DocType string // mapping type, of Elasticsearch before version 7; "": none
	Keyed   bool   // an event replaces the document with its key as _id

	Signing     string // SigV4 service name, es or aoss; "": not signed
	Region      string // Region of the signature
	Credentials aws.CredentialsProvider
}

// Sink writes documents to an Elasticsearch or OpenSearch index with _bulk.
//
// A record from DynamoDB is the state of an item, and its key is the document's _id.
// INSERT and MODIFY index the document and replace an existing one; REMOVE deletes it.
// With Index.Keyed any other record is indexed likewise. Without it, such a record is an
// event. It creates a document whose _id is
// source/shard/sequence/sub-sequence (see [sinks.Source]), or a hash of all its source records
// if records were merged. An event whose document exists already counts as delivered. So
// sending a record again changes nothing, and data streams take events too. An _id over
// 512 bytes, or not UTF-8, becomes its SHA-256 in hex. OpenSearch Serverless takes ids
// only in collections of type search; other collections refuse every record.
//
// Data must be one JSON object. An object on one line is sent as it is. From an object
// over several lines, the sink removes the white space around tokens.
//
// Documents carry no version: Elasticsearch versions have 63 bits, DynamoDB sequence
// numbers have up to 40 digits, and DynamoDB times are approximate. An older image
// overwrites a newer one only if the target does not keep order and the older image had
// to be sent again.
type Sink struct {
	client aws.HTTPClient
	name   string
	url    string
	user   *url.Userinfo
	index  Index
	places *jq.Template // of the index; nil: it is the same for every record
	source string       // ARN, for the places
	origin ids.Origin
	limits engine.Limits
}

// New returns a sink for an index. A request has at most 1,000 records. A request or a
// record may have 10 MiB. RecordBytes lowers that for a record, or raises it for both, up
// to 100 MiB. The error names the field of index that is missing or wrong.
func New(client aws.HTTPClient, index Index, opts ...sinks.Option) (*Sink, error) {
	u, err := url.Parse(index.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https": // the error itself shows the password
		return nil, errors.New("the URL of the Elasticsearch endpoint is invalid; write it like https://host:9200")
	case index.Index == "":
		return nil, fmt.Errorf("the Elasticsearch endpoint %s has no index", u.Host)
	case index.Signing != "" && u.User == nil && (index.Region == "" || index.Credentials == nil):
		return nil, fmt.Errorf("requests to %s must be signed, and region or credentials are missing", u.Host)
	}
	user := u.User
	u.User = nil
	e := &Sink{
		client: client,
		name:   "es " + u.Host + "#" + index.Index,
		// Policies that restrict access to indexes look for the index in the path
		// (OpenSearch Service guide, Identity and Access Management).
		url:    u.JoinPath(url.PathEscape(index.Index), "_bulk").String(),
		user:   user,
		index:  index,
		source: sinks.Collect(opts).SourceARN,
		origin: sinks.Collect(opts).Origin,
	}
	if jq.IsTemplate(index.Index) {
		if e.places, err = jq.ParseTemplate(index.Index); err != nil {
			return nil, fmt.Errorf("the index of the Elasticsearch endpoint %s: %w", u.Host, err)
		}
		e.url = u.JoinPath("_bulk").String() // each action has its index
	}
	record := sinks.RecordLimit(opts, defaultBytes, maxBytes)
	e.limits = engine.Limits{
		Records:     maxRecords,
		Bytes:       max(record, defaultBytes),
		RecordBytes: record,
		Copies:      true,
		OnePerKey:   true, // the actions of a request succeed and fail one by one
	}
	return e, nil
}

// String returns "es", a space, the host, "#" and the index.
func (e *Sink) String() string { return e.name }

// Limits returns the limits of the cluster. The size of a record includes its metadata,
// its document and their line ends.
func (e *Sink) Limits() engine.Limits { return e.limits }

// Send makes one _bulk request. Records that cannot be documents fail without being sent.
func (e *Sink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	b := e.bulk(ctx, batch)
	if len(b.actions) == 0 {
		b.body.Free()
		return b.outcome
	}
	c := b.body.Content()
	err := e.post(ctx, c, &b)
	c.Detach()
	b.body.Free()
	if err != nil {
		return engine.Failed(err) // the whole batch; the engine halves it if it was too large
	}
	return b.outcome
}

// Sizer counts the lines of the action.
func (e *Sink) Sizer() func(r *engine.Record) int { return e.size }

// post sends c, the body of a _bulk request, and records the result of each action.
func (e *Sink) post(ctx context.Context, c *request.Content, b *bulk) error {
	req, err := e.request(ctx, c)
	if err != nil {
		// The SDK's clients return this type, so classify finds a role that cannot be
		// assumed.
		return classify.Error(e.name, &smithy.OperationError{ServiceID: "OpenSearch", OperationName: "_bulk", Err: err})
	}
	request.Complete(req)
	resp, err := e.client.Do(req)
	if err != nil {
		return classify.Error(e.name, err)
	}
	defer func() {
		_, _ = io.CopyN(io.Discard, resp.Body, maxRest)
		_ = resp.Body.Close()
	}()
	if resp.StatusCode != http.StatusOK {
		return e.refused(resp)
	}
	if err := e.settle(resp.Body, b); err != nil {
		return e.unread(ctx, err)
	}
	return nil
}

func (e *Sink) request(ctx context.Context, c *request.Content) (*http.Request, error) {
	req, err := request.Post(ctx, e.url, c)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	if e.user != nil {
		password, _ := e.user.Password()
		req.SetBasicAuth(e.user.Username(), password)
		return req, nil
	}
	if e.index.Signing == "" {
		return req, nil
	}
	return req, e.sign(req, c)
}

// sign signs req the way OpenSearch Serverless requires: the hash of the body in a
// header, and no signature over the length (OpenSearch Service guide, Signing HTTP
// requests with other clients). Domains accept that too.
func (e *Sink) sign(req *http.Request, c *request.Content) error {
	creds, err := e.index.Credentials.Retrieve(req.Context())
	if err != nil {
		return err
	}
	hash := c.Hash()
	req.Header.Set("X-Amz-Content-Sha256", hash)
	req.ContentLength = 0
	err = v4.NewSigner().SignHTTP(req.Context(), creds, req, hash, e.index.Signing, e.index.Region, time.Now())
	req.ContentLength = c.Len()
	return err
}

// maxRest is the limit, in bytes, of the rest of an answer that is read so that its
// connection can be used again.
const maxRest = 64 << 10
