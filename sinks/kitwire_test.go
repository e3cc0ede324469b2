package sinks

import (
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
)

// wire is an HTTP client that keeps the last request and answers it.
type wire struct {
	answer string

	body     []byte
	header   http.Header
	length   int64
	requests int
	err      error
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.requests++
	w.body, w.header, w.length = nil, r.Header, r.ContentLength
	if r.Body != nil {
		w.body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, ContentLength: int64(len(w.answer)),
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(w.answer)),
	}, w.err
}

// config returns a configuration for clients that send through w.
func (w *wire) config(opts ...func(*middleware.Stack) error) aws.Config {
	return aws.Config{
		Region: "eu-west-1", HTTPClient: w, APIOptions: opts,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// sinkhole is an HTTP client that reads requests like a transport.
type sinkhole struct {
	status int
	answer string
}

// config returns a configuration for clients that send through s.
func (s *sinkhole) config() aws.Config {
	return aws.Config{
		Region: "eu-west-1", HTTPClient: s,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (s *sinkhole) Do(r *http.Request) (*http.Response, error) {
	buf := transportBuffer[:]
	for {
		if _, err := r.Body.Read(buf); err != nil {
			break
		}
	}
	return &http.Response{
		StatusCode: s.status, Request: r, ContentLength: int64(len(s.answer)),
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(s.answer)),
	}, nil
}

var transportBuffer [32 << 10]byte
