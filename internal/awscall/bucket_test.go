package awscall

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	sdks3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// puts keeps the last request, and does not answer.
type puts struct{ r *http.Request }

func (p *puts) Do(r *http.Request) (*http.Response, error) {
	p.r = r
	return nil, errors.New("no answer")
}

// sameObject asserts that a request for an object goes where the SDK's client sends its own.
func sameObject(t *testing.T, cfg aws.Config, bucket, key string, pathStyle bool) {
	t.Helper()
	var sdk, own puts
	cfg.HTTPClient = &sdk
	_, _ = sdks3.NewFromConfig(cfg, func(o *sdks3.Options) { o.UsePathStyle = pathStyle }).PutObject(t.Context(), &sdks3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("a")})
	cfg.HTTPClient = &own
	_ = NewBucket(cfg, bucket).Do(t.Context(), &Request{Operation: "PutObject", Method: http.MethodPut, Path: ObjectPath(key), Body: Text("a")}, nil)
	if sdk.r == nil || own.r == nil {
		t.Fatalf("%s in %s: a request is missing", bucket, cfg.Region)
	}
	path := strings.TrimSuffix(own.r.URL.EscapedPath(), "?x-id=PutObject")
	if want := sdk.r.URL.EscapedPath(); own.r.URL.Host != sdk.r.URL.Host || path != want || own.r.Method != sdk.r.Method {
		t.Errorf("%s in %s: %s %s%s, the SDK calls %s %s%s", bucket, cfg.Region, own.r.Method, own.r.URL.Host, path, sdk.r.Method, sdk.r.URL.Host, want)
	}
	if own.r.Header.Get("X-Amz-Content-Sha256") == "" || !strings.Contains(own.r.Header.Get("Authorization"), "/s3/aws4_request") {
		t.Errorf("the headers are %v", own.r.Header)
	}
}

// odd is a key with characters that S3 wants escaped.
const odd = "orders/year=2026/a b+c&d:e@f$g,h;i'j(k)*l!/é~%2F.jsonl"

func TestObjectsOfBuckets(t *testing.T) {
	for _, region := range []string{"eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "mx-central-1"} {
		for _, bucket := range []string{"lake", "my.lake"} {
			sameObject(t, load(t, config.WithRegion(region)), bucket, odd, false)
			if strings.Contains(region, "iso") {
				continue
			}
			sameObject(t, load(t, config.WithRegion(region), config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled)), bucket, odd, false)
			if strings.HasPrefix(region, "us-") {
				sameObject(t, load(t, config.WithRegion(region), config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled)), bucket, odd, false)
			}
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:9000", "http://minio.example.com/base/"} {
		sameObject(t, load(t, config.WithRegion("eu-west-1"), config.WithBaseEndpoint(endpoint)), "lake", odd, true)
	}
}

func TestErrorsOfBuckets(t *testing.T) {
	err := NewBucket(aws.Config{}, "lake").Do(context.Background(), &Request{Operation: "PutObject"}, nil)
	if err == nil || !strings.Contains(err.Error(), "set AWS_REGION") {
		t.Error(err)
	}
}
