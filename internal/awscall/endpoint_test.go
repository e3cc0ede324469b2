package awscall

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// client keeps the URL of a request, and does not answer.
type client struct{ url string }

func (c *client) Do(r *http.Request) (*http.Response, error) {
	c.url = r.URL.Scheme + "://" + r.URL.Host
	return nil, errors.New("no answer")
}

var kinesisService = Service{ID: "Kinesis", Name: "kinesis", GovFIPS: true}

// ways calls services with the SDK's clients.
var ways = []struct {
	own Service
	sdk func(context.Context, aws.Config)
}{
	{kinesisService, func(ctx context.Context, c aws.Config) {
		_, _ = kinesis.NewFromConfig(c).ListStreams(ctx, nil)
	}},
	{Service{ID: "Firehose", Name: "firehose"}, func(ctx context.Context, c aws.Config) {
		_, _ = firehose.NewFromConfig(c).ListDeliveryStreams(ctx, nil)
	}},
	{Service{ID: "SQS", Name: "sqs", GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = sqs.NewFromConfig(c).ListQueues(ctx, nil)
	}},
	{Service{ID: "EventBridge", Name: "events", GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = eventbridge.NewFromConfig(c).ListEventBuses(ctx, nil)
	}},
	{Service{ID: "SFN", Name: "states", GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = sfn.NewFromConfig(c).ListStateMachines(ctx, nil)
	}},
	{Service{ID: "SNS", Name: "sns", GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = sns.NewFromConfig(c).ListTopics(ctx, nil)
	}},
	{Service{ID: "DynamoDB", Name: "dynamodb", GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = dynamodb.NewFromConfig(c).ListTables(ctx, nil)
	}},
	{Service{ID: "Lambda", Name: "lambda"}, func(ctx context.Context, c aws.Config) {
		_, _ = lambda.NewFromConfig(c).ListFunctions(ctx, nil)
	}},
	{Service{ID: "STS", Name: "sts", Query: true, GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
	}},
	{Service{ID: "Secrets Manager", Name: "secretsmanager", UsualDual: true}, func(ctx context.Context, c aws.Config) {
		_, _ = secretsmanager.NewFromConfig(c).ListSecrets(ctx, nil)
	}},
	{Service{ID: "CloudWatch", Name: "monitoring", Query: true, GovFIPS: true}, func(ctx context.Context, c aws.Config) {
		_, _ = cloudwatch.NewFromConfig(c).ListMetrics(ctx, nil)
	}},
}

// load returns the configuration that the environment and a profile give.
func load(t *testing.T, opts ...func(*config.LoadOptions) error) aws.Config {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), append(opts, config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAMADEUP", SecretAccessKey: "made up"}, nil
		})))...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// hosts asserts that requests go where the SDK's clients send theirs.
func hosts(t *testing.T, cfg aws.Config) {
	t.Helper()
	for _, way := range ways {
		var sdk, own client
		cfg.HTTPClient = &sdk
		way.sdk(t.Context(), cfg)
		cfg.HTTPClient = &own
		_ = New(cfg, way.own, "").Do(t.Context(), &Request{Operation: "List"}, nil)
		if own.url != sdk.url {
			t.Errorf("%s in %s: %s, the SDK calls %s", way.own.ID, cfg.Region, own.url, sdk.url)
		}
	}
}

func TestHostsOfRegions(t *testing.T) {
	for _, region := range []string{
		"eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
		"eusc-de-east-1", "mx-central-1", "xx-new-9",
	} {
		hosts(t, load(t, config.WithRegion(region)))
		if strings.Contains(region, "iso") {
			continue // not every service has a host for FIPS or IPv6 there
		}
		hosts(t, load(t, config.WithRegion(region), config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled)))
		if region != "us-gov-west-1" {
			hosts(t, load(t, config.WithRegion(region), config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled)))
		}
	}
}

func TestConfiguredHosts(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(profile, []byte("[default]\nservices = own\nendpoint_url = http://profile\n[services own]\nkinesis =\n  endpoint_url = http://profile-kinesis\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]map[string]string{
		"general":              {"AWS_ENDPOINT_URL": "http://general"},
		"own":                  {"AWS_ENDPOINT_URL_KINESIS": "http://own"},
		"both":                 {"AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_KINESIS": "http://own"},
		"ignored":              {"AWS_ENDPOINT_URL": "http://general", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		"profile":              {"AWS_CONFIG_FILE": profile},
		"profile and general":  {"AWS_CONFIG_FILE": profile, "AWS_ENDPOINT_URL": "http://general"},
		"profile and own":      {"AWS_CONFIG_FILE": profile, "AWS_ENDPOINT_URL_KINESIS": "http://own"},
		"profile, but ignored": {"AWS_CONFIG_FILE": profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		"FIPS":                 {"AWS_USE_FIPS_ENDPOINT": "true"},
		"IPv6":                 {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_REGION", "eu-west-1")
			for k, v := range env {
				t.Setenv(k, v)
			}
			hosts(t, load(t))
			if name != "FIPS" && name != "IPv6" { // with an endpoint the SDK refuses them
				hosts(t, load(t, config.WithBaseEndpoint("http://flag")))
			}
		})
	}
}

func TestNoHost(t *testing.T) {
	for region, says := range map[string]string{"": "set AWS_REGION", "x.example.com/": `"x.example.com/" is not an AWS region`} {
		err := New(aws.Config{Region: region}, kinesisService, "").Do(t.Context(), &Request{Operation: "List"}, nil)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", region, err)
		}
	}
	err := New(aws.Config{BaseEndpoint: aws.String("u:secret@host")}, kinesisService, "").Do(t.Context(), &Request{Operation: "List"}, nil)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// TestEndpointOfACaller asserts which endpoint takes precedence.
func TestEndpointOfACaller(t *testing.T) {
	var c client
	cfg := aws.Config{Region: "eu-west-1", HTTPClient: &c}
	for base, want := range map[string]string{"": "https://queue.example.com", "http://flag": "http://flag"} {
		if cfg.BaseEndpoint = nil; base != "" {
			cfg.BaseEndpoint = &base
		}
		_ = New(cfg, kinesisService, "https://queue.example.com").Do(t.Context(), &Request{Operation: "List"}, nil)
		if c.url != want {
			t.Errorf("%q: %s, want %s", base, c.url, want)
		}
	}
}
