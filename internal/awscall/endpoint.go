package awscall

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/internal/awsname"
)

// Service is an AWS service.
type Service struct {
	ID      string // as the SDK has it: with spaces as _ and in capitals, the end of AWS_ENDPOINT_URL_…
	Name    string // first label of its host, and its name in signatures unless Signing is set
	Signing string

	Query     bool // its errors are XML, as those of the query protocol
	S3        bool // it signs the path as it is sent, and a header with the hash, and its errors are XML without another element around
	GovFIPS   bool // its usual hosts in the partition aws-us-gov are those for FIPS
	UsualDual bool // its usual hosts in the partitions aws and aws-cn answer by IPv6 too
}

// signing returns the service's name in signatures.
func (s Service) signing() string {
	if s.Signing != "" {
		return s.Signing
	}
	return s.Name
}

// endpoint returns the base of the URLs of requests.
func (s Service) endpoint(ctx context.Context, cfg aws.Config, other string) (*url.URL, error) {
	text := s.configured(ctx, cfg)
	if text == "" {
		text = other
	}
	if text == "" {
		var err error
		if text, err = s.host(ctx, cfg); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the endpoint %s of %s is not a URL", awsname.Quote(text), s.ID)
	}
	return u, nil
}

// configured returns the endpoint in the environment, in the profile or of a flag, or "".
// Among these, one of this service takes precedence, unless the environment has only a
// general one (SDKs and Tools reference guide, Service-specific endpoints).
func (s Service) configured(ctx context.Context, cfg aws.Config) string {
	general := aws.ToString(cfg.BaseEndpoint)
	_, isGeneral := os.LookupEnv("AWS_ENDPOINT_URL")
	_, isOwn := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(s.ID, " ", "_")))
	if isGeneral && !isOwn {
		return general
	}
	for _, source := range cfg.ConfigSources {
		if i, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := i.GetIgnoreConfiguredEndpoints(ctx); found && err == nil && ignore {
				return general
			}
		}
	}
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if text, found, err := p.GetServiceBaseEndpoint(ctx, s.ID); found && err == nil {
				return text
			}
		}
	}
	return general
}

// partition is where the endpoints of regions are.
type partition struct {
	prefix string // of the names of its regions
	domain string
	dual   string // of hosts that answer by IPv6 too; "": there are none
}

// partitions are those of AWS (aws-sdk-go-v2, awsrulesfn, partitions). The last has all other
// regions.
var partitions = []partition{
	{"cn-", awsname.Suffixes["aws-cn"], "api.amazonwebservices.com.cn"},
	{"us-gov-", "amazonaws.com", "api.aws"},
	{"us-iso-", awsname.Suffixes["aws-iso"], "api.aws.ic.gov"},
	{"us-isob-", awsname.Suffixes["aws-iso-b"], "api.aws.scloud"},
	{"eu-isoe-", awsname.Suffixes["aws-iso-e"], "api.cloud-aws.adc-e.uk"},
	{"us-isof-", awsname.Suffixes["aws-iso-f"], "api.aws.hci.ic.gov"},
	{"eusc-", awsname.Suffixes["aws-eusc"], "api.amazonwebservices.eu"},
	{"", "amazonaws.com", "api.aws"},
}

// host returns the service's own endpoint in the region of cfg.
func (s Service) host(ctx context.Context, cfg aws.Config) (string, error) {
	region := cfg.Region
	if region == "" {
		return "", errors.New("the AWS region is not known; set AWS_REGION, or name the region")
	}
	if !awsname.IsRegion(region) {
		return "", fmt.Errorf("%s is not an AWS region", awsname.Quote(region))
	}
	var p partition
	for _, p = range partitions {
		if strings.HasPrefix(region, p.prefix) {
			break
		}
	}
	name, domain := s.Name, p.domain
	if usesFIPS(ctx, cfg) && (!s.GovFIPS || p.prefix != "us-gov-") {
		name += "-fips"
	}
	switch dual := usesDualStack(ctx, cfg); {
	case dual && s.S3:
		name += ".dualstack"
	case dual && (!s.UsualDual || p.prefix != "" && p.prefix != "cn-"):
		domain = p.dual
	}
	return "https://" + name + "." + region + "." + domain, nil
}

func usesFIPS(ctx context.Context, cfg aws.Config) bool {
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok {
			if state, found, err := p.GetUseFIPSEndpoint(ctx); found && err == nil {
				return state == aws.FIPSEndpointStateEnabled
			}
		}
	}
	return false
}

func usesDualStack(ctx context.Context, cfg aws.Config) bool {
	for _, source := range cfg.ConfigSources {
		if p, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok {
			if state, found, err := p.GetUseDualStackEndpoint(ctx); found && err == nil {
				return state == aws.DualStackEndpointStateEnabled
			}
		}
	}
	return false
}
