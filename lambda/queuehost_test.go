package lambda_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/lambda"
	"fanout/lambda/metrics"
)

// callLog is a client that keeps where requests go, and for which region they are
// signed, and answers each with an error.
type callLog struct{ calls []string }

var signedFor = regexp.MustCompile(`Credential=[^/]*/\d+/([^/]+)/([^/]+)/`)

func (c *callLog) Do(r *http.Request) (*http.Response, error) {
	call := r.URL.Scheme + "://" + r.URL.Host
	if m := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		call += " " + m[1] + " " + m[2]
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if _, after, ok := bytes.Cut(body, []byte(`"QueueUrl":"`)); ok {
		queue, _, _ := bytes.Cut(after, []byte(`"`))
		call += " " + string(queue)
	}
	c.calls = append(c.calls, call)
	return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(strings.NewReader(`{"__type":"AccessDenied"}`)), Header: http.Header{}, Request: r}, nil
}

// The host of a queue's URL is the host that is called, and its region the one that
// requests are signed for, unless the environment names an endpoint.
func TestQueueHost(t *testing.T) {
	const path = "/123456789012/q"
	for _, tt := range []struct{ destination, more, endpoint, host, region, queue string }{
		{"https://sqs.eu-west-1.amazonaws.com" + path, "", "", "https://sqs.eu-west-1.amazonaws.com", "eu-west-1", ""},
		{"arn:aws:sqs:us-east-2:123456789012:q", "", "", "https://sqs.us-east-2.amazonaws.com", "us-east-2", "https://sqs.us-east-2.amazonaws.com" + path},
		{"https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com" + path, "", "", "https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com", "us-east-2", ""},
		{"https://sqs-fips.us-east-2.amazonaws.com" + path, "", "", "https://sqs-fips.us-east-2.amazonaws.com", "us-east-2", ""},
		{"https://sqs.us-east-2.api.aws" + path, "", "", "https://sqs.us-east-2.api.aws", "us-east-2", ""},
		{"https://us-east-2.queue.amazonaws.com" + path, "", "", "https://us-east-2.queue.amazonaws.com", "us-east-2", ""},
		{"https://queue.amazonaws.com" + path, "", "", "https://queue.amazonaws.com", "us-east-1", ""},
		{"https://sqs.cn-north-1.amazonaws.com.cn" + path, "", "", "https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1", ""},
		{"https://sqs.us-gov-west-1.amazonaws.com" + path, "", "", "https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1", ""},
		{"http://127.0.0.1:9324/000000000000/q", "", "", "http://127.0.0.1:9324", "eu-west-1", ""},
		{"http://127.0.0.1:9324/000000000000/q/", ", region: us-west-2", "", "http://127.0.0.1:9324", "us-west-2", "http://127.0.0.1:9324/000000000000/q"},
		{"https://sqs.us-east-2.amazonaws.com" + path + "/", ", region: us-west-2", "", "https://sqs.us-east-2.amazonaws.com", "us-east-2", "https://sqs.us-east-2.amazonaws.com" + path},
		{"https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com" + path, "", "http://127.0.0.1:1", "http://127.0.0.1:1", "us-east-2", ""},
		{"http://127.0.0.1:9324/000000000000/q", "", "http://127.0.0.1:1", "http://127.0.0.1:1", "eu-west-1", ""},
	} {
		a := open(t, targets(orders, "id: q, type: sqs, destination: '"+tt.destination+"'"+tt.more))
		o := lambda.DefaultOptions()
		o.Metrics, o.TargetsFile = metrics.ModeNone, a.file
		seen := new(callLog)
		cfg := aws.Config{
			Region: "eu-west-1", HTTPClient: seen, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
			Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}
		if tt.endpoint != "" {
			cfg.BaseEndpoint = &tt.endpoint
		}
		h, err := lambda.New(o, cfg, lambda.NewLogger(io.Discard, o.LogLevel))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Handle(t.Context(), []byte(orderEvent([]byte("one")))); err != nil {
			t.Fatal(err)
		}
		if tt.queue == "" {
			tt.queue = tt.destination
		}
		if want := tt.host + " " + tt.region + " sqs " + tt.queue; len(seen.calls) == 0 || seen.calls[0] != want {
			t.Errorf("%s%s: called %v, want %s", tt.destination, tt.more, seen.calls, want)
		}
	}
}
