package lambda_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/lambda"
	"fanout/lambda/metrics"
)

// authorization is a client that keeps how the last request is authenticated.
type authorization struct{ header string }

func (a *authorization) Do(r *http.Request) (*http.Response, error) {
	a.header = r.Header.Get("Authorization")
	return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}, Request: r}, nil
}

// A user and password in the URL of a search endpoint go before a signature, also where
// the host or the region asks for one.
func TestSearchPassword(t *testing.T) {
	const basic, signed = "Basic dTpz", "AWS4-HMAC-SHA256 "
	for destination, want := range map[string]string{
		"https://search-d-x.us-west-2.es.amazonaws.com/logs":                          signed,
		"https://u:s@search-d-x.us-west-2.es.amazonaws.com/logs":                      basic,
		"https://u:s@search-d-x.us-west-2.es.amazonaws.com/logs', region: 'eu-west-1": basic,
		"https://search.example.com/logs', region: 'eu-west-1":                        signed,
		"https://u:s@search.example.com/logs', region: 'eu-west-1":                    basic,
		"https://search.example.com/logs":                                             "",
	} {
		a := open(t, targets(orders, "id: t, type: es, destination: '"+destination+"'"))
		o := lambda.DefaultOptions()
		o.Metrics, o.TargetsFile = metrics.ModeNone, a.file
		seen := &authorization{header: "no request"}
		cfg := aws.Config{
			Region: "eu-west-1", HTTPClient: seen, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
			Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}
		h, err := lambda.New(o, cfg, lambda.NewLogger(io.Discard, o.LogLevel))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Handle(t.Context(), []byte(orderEvent([]byte("{}")))); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(seen.header, want) || (want == "") != (seen.header == "") {
			t.Errorf("%s: authenticated by %q, want %q", destination, seen.header, want)
		}
	}
}
