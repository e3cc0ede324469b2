package setup

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/s3"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	goleak.VerifyTestMain(m)
}

// encryptions are the buckets in eu-west-1, with their default encryption; nil: none.
var encryptions = map[string]*types.ServerSideEncryptionByDefault{
	"lake":   nil,
	"plain":  {SSEAlgorithm: types.ServerSideEncryptionAes256},
	"aws":    {SSEAlgorithm: types.ServerSideEncryptionAwsKms},
	"own":    {SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(keyARN)},
	"double": {SSEAlgorithm: types.ServerSideEncryptionAwsKmsDsse, KMSMasterKeyID: aws.String(keyARN)},
}

const keyARN = "arn:aws:kms:eu-west-1:123456789012:key/1"

// buckets answers for the buckets of encryptions, and for the bucket far in another region.
func buckets(t *testing.T) aws.Config {
	t.Helper()
	return awsfake.Config(func(_ context.Context, in any) (any, error) {
		switch in := in.(type) {
		case *s3.HeadBucketInput:
			name := aws.ToString(in.Bucket)
			if _, ok := encryptions[name]; ok {
				return &s3.HeadBucketOutput{BucketRegion: aws.String("eu-west-1")}, nil
			}
			switch name {
			case "far":
				return &s3.HeadBucketOutput{BucketRegion: aws.String("us-east-1")}, nil
			case "silent": // other stores do not say the region
				return &s3.HeadBucketOutput{}, nil
			}
			return nil, &types.NotFound{}
		case *s3.GetBucketEncryptionInput:
			by, ok := encryptions[aws.ToString(in.Bucket)]
			switch {
			case !ok:
				return nil, &smithy.GenericAPIError{Code: "AccessDenied"}
			case by == nil:
				return nil, &smithy.GenericAPIError{Code: noEncryption}
			}
			return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{{}, {ApplyServerSideEncryptionByDefault: by}},
			}}, nil
		}
		t.Errorf("%T was called", in)
		return nil, errors.New("unexpected call")
	})
}

// of returns a target with a destination.
func of(t *testing.T, destination string) *sinks.Spec {
	t.Helper()
	d, err := sink.Parse(destination)
	if err != nil {
		t.Fatal(err)
	}
	return &sinks.Spec{Type: sink.Type, Destination: d}
}

func TestLookUp(t *testing.T) {
	for _, name := range []string{"lake", "lake/orders/${year}"} {
		if got, err := lookUp(t.Context(), buckets(t), name, ""); err != nil || got != "s3://"+name {
			t.Errorf("%q, %v", got, err)
		}
	}
	_, err := lookUp(t.Context(), buckets(t), "nowhere/orders", "")
	if call, ok := errors.AsType[*account.CallError](err); !ok || !strings.Contains(call.Error(), `the S3 bucket "nowhere" cannot be looked up`) {
		t.Errorf("a bucket that does not exist: %v", err)
	}
	for text, want := range map[string]bool{"lake": false, "lake/orders": false, "s3://lake": true} {
		if Type.IsFull(text) != want {
			t.Errorf("%s is full: %v", text, !want)
		}
	}
}

func TestInspect(t *testing.T) {
	for destination, want := range map[string]account.State{
		"s3://lake/orders": {Name: "lake"},
		"s3://silent":      {Name: "silent"},
		"s3://far/orders": {
			Name: "far", Fault: "the bucket far is in us-east-1, and S3 is called in eu-west-1", Flags: []string{"--region", "us-east-1"},
		},
	} {
		got, err := inspect(t.Context(), buckets(t), of(t, destination))
		if err != nil || got.Name != want.Name || got.Fault != want.Fault || got.Doubt != "" || !slices.Equal(got.Flags, want.Flags) {
			t.Errorf("%s: %+v, %v", destination, got, err)
		}
	}
	if _, err := inspect(t.Context(), buckets(t), of(t, "s3://nowhere")); err == nil {
		t.Error("a bucket that does not exist is well")
	}
}

// Only a key of KMS needs rights, and the key of AWS has no ARN of its own.
func TestKey(t *testing.T) {
	for name, want := range map[string]string{"lake": "", "plain": "", "aws": "", "own": keyARN, "double": keyARN} {
		if got, err := key(t.Context(), buckets(t), sinks.Place{}, of(t, "s3://"+name+"/orders")); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := key(t.Context(), buckets(t), sinks.Place{}, of(t, "s3://far")); err == nil {
		t.Error("a bucket that cannot be read has no key")
	}
}

func TestType(t *testing.T) {
	if Type.Endpoint(nil) != "s3" || !Type.ByName || Type.For != sink.Type {
		t.Errorf("%+v", Type)
	}
	var price map[string]struct {
		Charges []struct {
			Of    string
			Price float64
			Unit  int
		}
	}
	if err := yaml.Unmarshal([]byte(Type.Prices), &price); err != nil {
		t.Fatal(err)
	}
	// $0.005 for a thousand PUT requests, of any size (Amazon S3 pricing).
	if c := price["s3"].Charges; len(c) != 1 || c[0].Of != "request" || c[0].Price != 5 || c[0].Unit != 0 {
		t.Errorf("prices: %+v", price)
	}
	var latency map[string]map[string]string
	if err := yaml.Unmarshal([]byte(Type.Latencies), &latency); err != nil {
		t.Fatal(err)
	}
	if l := latency["s3"]; l["p50"] != "30ms" || l["p99"] != "150ms" || l["per_mib"] != "25ms" {
		t.Errorf("latencies: %v", latency)
	}
}
