package sinktest

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
)

// Wire is an HTTP client that keeps the last request and answers it.
type Wire struct {
	Answer string
	Status int         // of the answer; 0: 200
	Reply  http.Header // of the answer

	URL      *url.URL
	Body     []byte
	Header   http.Header
	Length   int64
	Requests int
}

func (w *Wire) Do(r *http.Request) (*http.Response, error) {
	w.Requests++
	w.URL, w.Body, w.Header, w.Length = r.URL, nil, r.Header, r.ContentLength
	if r.Body != nil {
		w.Body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	header := w.Reply.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: cmp.Or(w.Status, http.StatusOK), Request: r, ContentLength: int64(len(w.Answer)),
		Header: header, Body: io.NopCloser(strings.NewReader(w.Answer)),
	}, nil
}

// Config returns a configuration for clients that send through w.
func (w *Wire) Config(opts ...func(*middleware.Stack) error) aws.Config {
	return aws.Config{
		Region: "eu-west-1", HTTPClient: w, APIOptions: opts,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// Sinkhole is an HTTP client that reads requests like a transport.
type Sinkhole struct {
	Status int
	Answer string
}

// Config returns a configuration for clients that send through s.
func (s *Sinkhole) Config() aws.Config {
	return aws.Config{
		Region: "eu-west-1", HTTPClient: s,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (s *Sinkhole) Do(r *http.Request) (*http.Response, error) {
	buf := transportBuffer[:]
	for {
		if _, err := r.Body.Read(buf); err != nil {
			break
		}
	}
	return &http.Response{
		StatusCode: s.Status, Request: r, ContentLength: int64(len(s.Answer)),
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(s.Answer)),
	}, nil
}

var transportBuffer [32 << 10]byte
