package awscall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"go.uber.org/goleak"

	"fanout/internal/awshttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// replies is an HTTP client that answers one request after another; the last answer stays.
type replies struct {
	answers []reply
	seen    []*http.Request
}

type reply struct {
	status int
	header http.Header
	text   string
	err    error
}

func (s *replies) Do(r *http.Request) (*http.Response, error) {
	n := min(len(s.seen), len(s.answers)-1)
	s.seen = append(s.seen, r)
	a := s.answers[n]
	if a.err != nil {
		return nil, a.err
	}
	h := a.header
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(a.text))}, nil
}

func (s *replies) config() aws.Config {
	return aws.Config{Region: "eu-west-1", HTTPClient: s, Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", "token")}
}

func TestCall(t *testing.T) {
	s := &replies{answers: []reply{{status: 200, text: `{"Name":"orders"}`}}}
	cfg := s.config()
	cfg.BaseEndpoint = aws.String("https://proxy.example.com/aws/")
	var out struct{ Name string }
	err := New(cfg, Service{ID: "Lambda", Name: "lambda"}, "").Do(t.Context(), &Request{
		Operation: "Invoke", Path: "/functions/a%3Ab/x", Query: "Qualifier=1", Header: http.Header{"Content-Type": {"text/plain"}}, Body: Text("hello"),
	}, JSON(&out, 10))
	r := s.seen[0]
	if err != nil || out.Name != "orders" || r.URL.String() != "https://proxy.example.com/aws/functions/a%3Ab/x?Qualifier=1" {
		t.Errorf("%s, %+v, %v", r.URL, out, err)
	}
	if body, _ := io.ReadAll(r.Body); string(body) != "hello" || r.ContentLength != 5 || r.Method != http.MethodPost {
		t.Errorf("%s of %q, %d bytes", r.Method, body, r.ContentLength)
	}
	if a := r.Header.Get("Authorization"); !strings.Contains(a, "/eu-west-1/lambda/aws4_request") || r.Header.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("the header is %v", r.Header)
	}
}

// TestErrors asserts which code and message an answer gives.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name          string
		query         bool
		header        http.Header
		text          string
		code, message string
		unreadable    bool
	}{
		{name: "type", text: `{"__type":"com.amazonaws.kinesis.v20131202#ResourceNotFoundException","message":"no stream"}`, code: "ResourceNotFoundException", message: "no stream"},
		{name: "code", text: `{"code":"Throttled","Message":"slow"}`, code: "Throttled", message: "slow"},
		{name: "header", header: http.Header{"X-Amzn-Errortype": {"AccessDeniedException:http://internal"}}, text: `{"Message":"no"}`, code: "AccessDeniedException", message: "no"},
		{name: "former", header: http.Header{"X-Amzn-Query-Error": {"AWS.SimpleQueueService.NonExistentQueue;Sender"}}, text: `{"__type":"QueueDoesNotExist"}`, code: "AWS.SimpleQueueService.NonExistentQueue"},
		{name: "xml", query: true, text: `<ErrorResponse><Error><Code>NotFound</Code><Message>no topic</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code: "NotFound", message: "no topic"},
		{name: "none", text: `{}`, code: "UnknownError"},
		{name: "empty", code: "UnknownError"},
		{name: "page", text: `<html>`, unreadable: true},
		{name: "page for xml", query: true, text: `{"a":1`, code: "UnknownError"},
		{name: "broken xml", query: true, text: `<a><b></a>`, unreadable: true},
	} {
		s := &replies{answers: []reply{{status: 400, header: tt.header, text: tt.text}}}
		err := New(s.config(), Service{ID: "X", Name: "x", Query: tt.query}, "").Do(t.Context(), &Request{Operation: "Y"}, nil)
		op, ok := errors.AsType[*smithy.OperationError](err)
		answer, isAnswer := errors.AsType[*sdkhttp.ResponseError](err)
		if !ok || op.Service() != "X" || op.Operation() != "Y" || !isAnswer || answer.HTTPStatusCode() != 400 {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, ok := errors.AsType[*smithy.DeserializationError](err); ok != tt.unreadable {
			t.Errorf("%s: unreadable %v: %v", tt.name, ok, err)
		}
		if api, ok := errors.AsType[smithy.APIError](err); ok != !tt.unreadable || ok && (api.ErrorCode() != tt.code || api.ErrorMessage() != tt.message) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestUnreadableAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		read Read
	}{
		"no JSON":         {"<html>", JSON(new(struct{}), 10)},
		"two values":      {"{}{}", JSON(new(struct{}), 10)},
		"too many values": {`{"a":[1,2,3,4,5,6]}`, JSON(new(struct{}), 4)},
		"too long":        {`{"a":"` + strings.Repeat("x", 100) + `"}`, JSON(new(struct{}), 4)},
		"no XML":          {"{}", XML(new(struct{ A string }), 10)},
		"two elements":    {"<a/><b/>", XML(new(struct{ A string }), 10)},
		"many elements":   {"<a><b/><b/><b/></a>", XML(new(struct{ A string }), 2)},
	} {
		s := &replies{answers: []reply{{status: 200, text: tt.text}}}
		err := New(s.config(), kinesisService, "").Do(t.Context(), &Request{Operation: "Y", MaxBytes: 90}, tt.read)
		if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			answers []reply
			calls   int
			ok      bool
		}{
			"passes":     {[]reply{{status: 500, text: "{}"}, {err: io.ErrUnexpectedEOF}, {status: 200, text: "{}"}}, 3, true},
			"stays":      {[]reply{{status: 503, text: "{}"}}, 3, false},
			"is refused": {[]reply{{status: 400, text: `{"__type":"ValidationException"}`}}, 1, false},
		} {
			s := &replies{answers: tt.answers}
			err := New(s.config(), kinesisService, "").Retrying(retry.NewStandard()).Do(t.Context(), &Request{Operation: "Y", Body: Text("hello")}, JSON(new(struct{}), 10))
			if (err == nil) != tt.ok || len(s.seen) != tt.calls {
				t.Errorf("%s: %d calls, %v", name, len(s.seen), err)
			}
			for _, r := range s.seen {
				if body, _ := io.ReadAll(r.Body); string(body) != "hello" {
					t.Errorf("%s: the body is %q", name, body)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := &replies{answers: []reply{{err: errors.New("no connection")}}}
		err := New(s.config(), kinesisService, "").Retrying(retry.NewStandard()).Do(ctx, &Request{Operation: "Y"}, nil)
		if !errors.Is(err, context.Canceled) || len(s.seen) != 1 {
			t.Errorf("canceled: %d calls, %v", len(s.seen), err)
		}
	})
}

// TestSkew asserts that a wrong clock is corrected after the first answer, and that a small
// difference is not.
func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ off, want time.Duration }{{time.Hour, time.Hour}, {-time.Hour, -time.Hour}, {time.Minute, 0}} {
			date := http.Header{"Date": {time.Now().Add(tt.off).UTC().Format(http.TimeFormat)}}
			s := &replies{answers: []reply{{status: 403, header: date, text: "{}"}}}
			c := New(s.config(), kinesisService, "")
			for range 2 {
				_ = c.Do(t.Context(), &Request{Operation: "Y"}, nil)
			}
			for i, want := range []time.Duration{0, tt.want} {
				at, err := time.Parse("20060102T150405Z", s.seen[i].Header.Get("X-Amz-Date"))
				if got := time.Until(at); err != nil || (got-want).Abs() > time.Second {
					t.Errorf("clock off by %v: request %d is signed %v from now", tt.off, i, got)
				}
			}
		}
	})
}

// TestMiddleware asserts that a program's middleware sees calls as those of an SDK client.
func TestMiddleware(t *testing.T) {
	var said string
	s := &replies{answers: []reply{{status: 200, header: http.Header{"X-Amzn-Requestid": {"id"}}, text: `{"a":[1,2,3,4]}`}}}
	cfg := s.config()
	cfg.APIOptions = []func(*middleware.Stack) error{
		func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("log", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleInitialize(ctx, in)
				id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
				said = awsmiddleware.GetServiceID(ctx) + " " + awsmiddleware.GetOperationName(ctx) + " " + id
				return out, metadata, err
			}), middleware.After)
		},
		func(stack *middleware.Stack) error {
			return stack.Build.Add(middleware.BuildMiddlewareFunc("header", func(
				ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
			) (middleware.BuildOutput, middleware.Metadata, error) {
				in.Request.(*smithyhttp.Request).Header.Set("X-Amzn-Trace-Id", "trace")
				return next.HandleBuild(ctx, in)
			}), middleware.After)
		},
	}
	c := New(cfg, kinesisService, "")
	if err := c.Do(t.Context(), &Request{Operation: "PutRecords", Body: Text("x")}, JSON(new(struct{}), 10)); err != nil {
		t.Fatal(err)
	}
	if said != "Kinesis PutRecords id" || s.seen[0].Header.Get("X-Amzn-Trace-Id") != "trace" {
		t.Errorf("%q, %v", said, s.seen[0].Header)
	}
	cfg.APIOptions = append(cfg.APIOptions, awshttp.BoundValues(2))
	if err := New(cfg, kinesisService, "").Do(t.Context(), &Request{Operation: "PutRecords"}, JSON(new(struct{}), 10)); !errors.Is(err, awshttp.ErrCrowded) {
		t.Errorf("a bound of values: %v", err)
	}
	cfg.APIOptions = []func(*middleware.Stack) error{func(*middleware.Stack) error { return errors.New("refused") }}
	if err := New(cfg, kinesisService, "").Do(t.Context(), &Request{Operation: "PutRecords"}, nil); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}
