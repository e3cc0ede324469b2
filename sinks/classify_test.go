package sinks_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks/internal/sinktest"
	kinesissink "fanout/sinks/kinesis"
)

// TestClassify sends requests over the network to every service and has them fail in
// every possible way.
func TestClassify(t *testing.T) {
	tests := []struct {
		name  string
		fault awsfake.Fault
		want  engine.Class
		says  string // part of the error text
	}{
		{"throttled", awsfake.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}, engine.Throttled, "accepts no more"},
		{"throughput", awsfake.Fault{Code: "ProvisionedThroughputExceededException"}, engine.Throttled, "Provisioned"},
		{"SQS throttle", awsfake.Fault{Code: "RequestThrottled", Status: 403}, engine.Throttled, ""},
		{"SNS throttle", awsfake.Fault{Code: "Throttled", Status: 429}, engine.Throttled, ""},
		{"KMS throttle", awsfake.Fault{Code: "KMSThrottlingException"}, engine.Throttled, ""},
		{"unavailable", awsfake.Fault{Code: "ServiceUnavailableException", Status: 503}, engine.Throttled, ""},
		{"internal", awsfake.Fault{Code: "InternalFailure", Status: 500}, engine.Retryable, "failed"},
		{"unknown code", awsfake.Fault{Code: "Whatever", Message: "secret"}, engine.Retryable, "Whatever"},
		{"unknown code, known status", awsfake.Fault{Code: "Whatever", Status: 429}, engine.Throttled, "Whatever"},
		{"expired token", awsfake.Fault{Code: "ExpiredTokenException"}, engine.Retryable, "expired"},
		{"expired token, query", awsfake.Fault{Code: "ExpiredToken", Status: 403}, engine.Retryable, "expired"},
		{"in use", awsfake.Fault{Code: "ResourceInUseException"}, engine.Retryable, "being created"},
		{"denied", awsfake.Fault{Code: "AccessDeniedException", Message: "User: u is not authorized to perform: kinesis:PutRecords"},
			engine.Permanent, "not authorized to perform: kinesis:PutRecords"},
		{"unknown key", awsfake.Fault{Code: "UnrecognizedClientException", Message: "The token secret is not valid"}, engine.Permanent, "does not recognize the credentials"},
		{"signature", awsfake.Fault{Code: "SignatureDoesNotMatch", Status: 403, Message: "x-amz-security-token:secret"}, engine.Retryable, "expired"},
		{"unknown code, forbidden", awsfake.Fault{Code: "Whatever", Status: 403, Message: "secret"}, engine.Permanent, "Whatever"},
		{"no stream", awsfake.Fault{Code: "ResourceNotFoundException", Message: "Stream orders not found"}, engine.Permanent, "Stream orders not found"},
		{"no queue", awsfake.Fault{Code: "QueueDoesNotExist"}, engine.Permanent, "the destination does not exist"},
		{"no topic", awsfake.Fault{Code: "NotFound", Status: 404}, engine.Permanent, "the destination does not exist"},
		{"disabled key", awsfake.Fault{Code: "KMSDisabledException"}, engine.Permanent, "encryption key"},
		{"other source", awsfake.Fault{Code: "InvalidSourceException"}, engine.Permanent, ""},
		{"invalid", awsfake.Fault{Code: "ValidationException",
			Message: "1 validation error detected: Value 'secret' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256"},
			engine.Refused, "at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length"},
		{"invalid, SQS", awsfake.Fault{Code: "InvalidParameterValue",
			Message: "Value secret for parameter MessageGroupId is invalid. Reason: Must be between 1 and 128."},
			engine.Refused, "Reason: Must be between"},
		{"too long", awsfake.Fault{Code: "BatchRequestTooLong", Message: "secret"}, engine.TooLarge, ""},
		{"too long, SQS", awsfake.Fault{Code: "InvalidParameterValue",
			Message: "One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes."}, engine.TooLarge, ""},
		{"too large, DynamoDB", awsfake.Fault{Code: "ValidationException", Message: "Item size has exceeded the maximum allowed size"}, engine.TooLarge, ""},
		{"too long, SNS", awsfake.Fault{Code: "InvalidParameter", Message: "Invalid parameter: Message too long"}, engine.TooLarge, ""},
		{"a value that says too long", awsfake.Fault{Code: "InvalidParameterValue",
			Message: "Value Message must be shorter than 1 bytes for parameter x is invalid."}, engine.Refused, ""},
		{"unserializable", awsfake.Fault{Code: "SerializationException", Message: "secret"}, engine.Refused, ""},
		{"refused by a gateway", awsfake.Fault{Status: 413, Body: []byte("<html>secret")}, engine.TooLarge, "HTTP status 413"},
		{"busy gateway", awsfake.Fault{Status: 503, Body: []byte("secret")}, engine.Throttled, "HTTP status 503"},
		{"bad gateway", awsfake.Fault{Status: 502, Body: []byte("secret")}, engine.Retryable, "HTTP status 502"},
		{"forbidding gateway", awsfake.Fault{Status: 403, Body: []byte("secret")}, engine.Permanent, "HTTP status 403"},
		{"gibberish", awsfake.Fault{Body: []byte("secret")}, engine.Retryable, "is unknown"},
		{"connection broken before", awsfake.Fault{Drop: true}, engine.Retryable, "connection failed, so it is unknown which records arrived"},
		{"connection broken after", awsfake.Fault{After: true}, engine.Retryable, "connection failed, so it is unknown which records arrived"},
		{"long-winded", awsfake.Fault{Code: "AccessDenied", Message: strings.Repeat("it is not\nallowed ", 1000)}, engine.Permanent, "…"},
	}
	for _, s := range services {
		fake, cfg := sinktest.Start(t)
		sink := s.open(cfg)
		for _, tt := range tests {
			t.Run(s.name+"/"+tt.name, func(t *testing.T) {
				fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &tt.fault })
				o := sink.Send(t.Context(), sinktest.Numbered(2))
				err := o.Err(1)
				if err == nil {
					t.Fatal("delivered")
				}
				if got := engine.ClassOf(err); got != tt.want {
					t.Errorf("class %v; want %v: %v", got, tt.want, err)
				}
				switch text := err.Error(); {
				case !strings.Contains(text, tt.says):
					t.Errorf("%q does not say %q", text, tt.says)
				case strings.Contains(text, "secret"):
					t.Errorf("%q repeats data", text)
				case len(text) > 450 || strings.Contains(text, "\n"):
					t.Errorf("%q is not one sentence", text)
				}
			})
		}
	}
}

// TestEmptyAnswer asserts that a 200 without a body delivers nothing.
func TestEmptyAnswer(t *testing.T) {
	for _, s := range services {
		fake, cfg := sinktest.Start(t)
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{Body: []byte{}} })
		o := s.open(cfg).Send(t.Context(), sinktest.Numbered(2))
		if o.Err(0) == nil || o.Err(1) == nil {
			t.Errorf("%s: delivered", s.name)
		}
	}
}

func TestClassifyContext(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		cancel()
		return &awsfake.Fault{Delay: time.Hour}
	})
	o := services[0].open(cfg).Send(ctx, sinktest.Numbered(1))
	if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Retryable || !strings.Contains(err.Error(), "cut short") {
		t.Error(err)
	}
}

func TestClassifyUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	_, cfg := sinktest.Start(t)
	cfg.BaseEndpoint = &url
	o := services[0].open(cfg).Send(t.Context(), sinktest.Numbered(1))
	if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Retryable || !strings.Contains(err.Error(), "connection failed") {
		t.Error(err)
	}
}

// TestClassifyRole asserts that the error names a role that cannot be assumed.
func TestClassifyRole(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Service == "sts" {
			return &awsfake.Fault{Status: 403, Code: "AccessDenied", Message: "User: u is not authorized to perform: sts:AssumeRole"}
		}
		return nil
	})
	assume := cfg.Copy()
	assume.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), "arn:aws:iam::123456789012:role/writer"))
	o := kinesissink.New(assume, sinktest.Stream).Send(t.Context(), sinktest.Numbered(1))
	err := o.Err(0)
	if err == nil || engine.ClassOf(err) != engine.Permanent {
		t.Fatalf("class %v: %v", engine.ClassOf(err), err)
	}
	if want := "kinesis orders, STS AssumeRole: AccessDenied: "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%q does not begin with %q", err, want)
	}
}

func TestClassifyNoCredentials(t *testing.T) {
	_, cfg := sinktest.Start(t)
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no credentials found")
	})
	o := services[0].open(cfg).Send(t.Context(), sinktest.Numbered(1))
	if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Retryable || !strings.Contains(err.Error(), "no credentials found") {
		t.Error(err)
	}
}

// TestClassifyAfter asserts that the wait a service asks for reaches the engine.
func TestClassifyAfter(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Code: "SlowDown", Status: 503, RetryAfter: 7 * time.Second}
	})
	o := services[0].open(cfg).Send(t.Context(), sinktest.Numbered(1))
	e, ok := errors.AsType[*engine.Error](o.Err(0))
	if !ok || e.After != 7*time.Second {
		t.Errorf("got %+v; want After 7s", e)
	}
}
