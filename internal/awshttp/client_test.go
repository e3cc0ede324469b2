package awshttp

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssdk "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

func TestHTTPClient(t *testing.T) {
	for _, body := range []io.Reader{nil, http.NoBody, bytes.NewReader([]byte("hello"))} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1", body)
		if err != nil {
			t.Fatal(err)
		}
		before := req.Body
		called := false
		_, _ = Client(clientFunc(func(r *http.Request) (*http.Response, error) {
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

// clientFunc is an aws.HTTPClient.
type clientFunc func(*http.Request) (*http.Response, error)

func (f clientFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// Roots finds the authorities of the SDK's client behind all bounds.
func TestRoots(t *testing.T) {
	want := x509.NewCertPool()
	sdk := awssdk.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = want })
	for _, client := range []aws.HTTPClient{sdk, Client(sdk), Bounded(Client(sdk), 1)} {
		if Roots(client) != want {
			t.Errorf("%T has other authorities", client)
		}
	}
	bare := awssdk.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.TLSClientConfig = nil })
	for _, client := range []aws.HTTPClient{nil, bare, awssdk.NewBuildableClient(), clientFunc(nil), Client(nil)} {
		if Roots(client) != nil {
			t.Errorf("%T has authorities of its own", client)
		}
	}
}
