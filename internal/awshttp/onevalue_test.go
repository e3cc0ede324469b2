package awshttp

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

func TestOneValue(t *testing.T) {
	broken := errors.New("connection reset")
	for name, test := range map[string]struct {
		status int
		body   io.Reader
		want   string // in the error; "": none
	}{
		"one value":                 {200, strings.NewReader(`{"Count": 3}` + "\n "), ""},
		"another value":             {200, strings.NewReader(`{"Count": 3} {}`), "goes on"},
		"other text":                {200, strings.NewReader(`{"Count": 3}x`), "goes on"},
		"the answer breaks off":     {200, io.MultiReader(strings.NewReader(`{"Count"`), iotest.ErrReader(broken)), "connection reset"},
		"no JSON":                   {200, strings.NewReader(`<html>`), "invalid character"},
		"an error is the service's": {400, strings.NewReader(`{"__type": "ValidationException"}x`), "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			client := dynamodb.New(dynamodb.Options{
				Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", ""), Retryer: aws.NopRetryer{},
				HTTPClient: clientFunc(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: test.status, Body: io.NopCloser(test.body), Header: http.Header{}, Request: r}, nil
				}),
				APIOptions: []func(*middleware.Stack) error{OneValue(func(*http.Response) error { return errors.New("goes on") })},
			})
			out, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("T")})
			switch {
			case test.want == "" && (err != nil || out.Count != 3):
				t.Errorf("got %v, %v", out, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
