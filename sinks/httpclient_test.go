package sinks

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
)

// do is an aws.HTTPClient.
type do func(*http.Request) (*http.Response, error)

func (f do) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestHTTPClient(t *testing.T) {
	for _, body := range []io.Reader{nil, http.NoBody, bytes.NewReader([]byte("hello"))} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1", body)
		if err != nil {
			t.Fatal(err)
		}
		before := req.Body
		called := false
		_, _ = HTTPClient(do(func(r *http.Request) (*http.Response, error) {
			called = true
			if body == nil || body == http.NoBody {
				if r.Body != before {
					t.Errorf("no body became %T", r.Body)
				}
				return nil, io.EOF
			}
			if _, ok := r.Body.(io.WriterTo); ok {
				t.Error("the body still writes itself")
			}
			if b, err := io.ReadAll(r.Body); err != nil || string(b) != "hello" {
				t.Errorf("the body holds %q, %v", b, err)
			}
			return nil, io.EOF
		})).Do(req)
		if !called || req.Body != before {
			t.Errorf("called %v, request changed %v", called, req.Body != before)
		}
	}
}

// TestLargeAnswers fails now and then without HTTPClient.
func TestLargeAnswers(t *testing.T) {
	fake, cfg := startFake(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Code: "AccessDenied", Message: strings.Repeat("too long ", 2000)}
	})
	sink := services[0].open(cfg)
	for range 300 {
		o := sink.Send(t.Context(), numbered(2))
		if err := o.Err(0); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Fatal(err)
		}
	}
}

// TestHTTPClientFollowsNoRedirect asserts that the answer of a redirect's target
// acknowledges nothing.
func TestHTTPClientFollowsNoRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the other host got the records")
		_, _ = io.WriteString(w, `{"Records":[{"SequenceNumber":"1","ShardId":"s"}],"FailedRecordCount":0}`)
	}))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Redirect(w, r, other.URL+"/", http.StatusTemporaryRedirect)
	}))
	defer first.Close()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	s := NewKinesis(kinesis.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &first.URL, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", ""),
		HTTPClient:  HTTPClient(&http.Client{Transport: transport}),
	}), "s")
	o := s.Send(t.Context(), []engine.Record{{Key: "k", Data: engine.Bytes([]byte("hello"))}})
	if o.OK() || engine.ClassOf(o.Err(0)) != engine.Retryable {
		t.Errorf("outcome %v, want an error that is tried again", o.Err(0))
	}
}
