package doctor

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/internal/provision/cloud"
	fanout "fanout/lambda"
	"fanout/sinks"
	"fanout/sinks/builtin"
	sqssink "fanout/sinks/sqs"
)

// hosts is a client that records the called hosts. Some of them are silent.
type hosts struct {
	called []string
	silent bool
}

func (h *hosts) Do(r *http.Request) (*http.Response, error) {
	h.called = append(h.called, r.URL.Scheme+"://"+r.URL.Host)
	if h.silent {
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: &net.DNSError{Err: "no such host"}}
	}
	body := io.NopCloser(strings.NewReader(`{"Attributes": {"MaximumMessageSize": "1048576"}}`))
	return &http.Response{StatusCode: http.StatusOK, Body: body, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Request: r}, nil
}

// A queue is checked on the host that the function will call.
func TestQueueHost(t *testing.T) {
	const path = "/123456789012/q"
	for _, tt := range []struct {
		destination, endpoint string
		silent                bool
		host                  string
		status                Status
		text                  string
	}{
		{"https://sqs.us-east-2.amazonaws.com" + path, "", false, "https://sqs.us-east-2.amazonaws.com", OK, "queue "},
		{"arn:aws:sqs:us-east-2:123456789012:q", "", false, "https://sqs.us-east-2.amazonaws.com", OK, "queue "},
		{"https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com" + path, "", false, "https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com", OK, "queue "},
		{"https://sqs-fips.us-east-2.amazonaws.com" + path, "", false, "https://sqs-fips.us-east-2.amazonaws.com", OK, "queue "},
		{"http://127.0.0.1:9324/queue/q", "", false, "http://127.0.0.1:9324", OK, "queue "},
		{"https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com" + path, "http://127.0.0.1:1", false, "http://127.0.0.1:1", OK, "queue "},
		{
			"https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com" + path, "", true, "https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com", Unknown,
			"not checked from here: https://vpce-1-2.sqs.us-east-2.vpce.amazonaws.com does not answer from here, but may answer in the function's network",
		},
		{"https://sqs.us-east-2.amazonaws.com" + path, "", true, "https://sqs.us-east-2.amazonaws.com", Unknown, "not checked: SQS GetQueueAttributes got no answer from sqs.us-east-2.amazonaws.com"},
	} {
		d, err := sqssink.Parse(tt.destination)
		if err != nil {
			t.Fatal(err)
		}
		seen := &hosts{silent: tt.silent}
		cfg := aws.Config{
			Region: "eu-west-1", HTTPClient: seen, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		}
		if tt.endpoint != "" {
			cfg.BaseEndpoint = &tt.endpoint
		}
		doctor := Doctor{Services: On(cloud.Of(cfg), fanout.Builtin()), Flag: flagOf}
		self := arn.ARN{Partition: "aws", Service: "lambda", Region: "eu-west-1", AccountID: "123456789012", Resource: "function:fanout"}
		f := doctor.Reach(t.Context(), self, &sinks.Spec{SourceARN: clicks, ID: "q", Type: builtin.Type("sqs"), Destination: d, Region: d.Region})
		if f.Status != tt.status || !strings.HasPrefix(f.Text, tt.text) || len(seen.called) != 1 || seen.called[0] != tt.host {
			t.Errorf("%s: called %v and found %s: %s", tt.destination, seen.called, f.Status, f.Text)
		}
	}
}
