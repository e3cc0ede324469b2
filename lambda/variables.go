package lambda

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ConfigFromVariables returns the configuration of the function's AWS clients: the credentials
// and the region that Lambda sets, and endpoints as in every AWS tool (SDKs and Tools reference
// guide, Environment variables). There are no profiles: the SDK's package that reads them links
// clients for single sign-on, which would add half a millisecond to each start.
func ConfigFromVariables(getenv func(name string) string, inFlight int) (aws.Config, error) {
	client := HTTPClient(inFlight)
	if file := getenv("AWS_CA_BUNDLE"); file != "" {
		roots, err := bundle(file)
		if err != nil {
			return aws.Config{}, err
		}
		client = client.WithTransportOptions(func(t *http.Transport) {
			if t.TLSClientConfig == nil {
				t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			t.TLSClientConfig.RootCAs = roots
		})
	}
	v := variables{getenv}
	cfg := aws.Config{
		Region: getenv("AWS_REGION"), HTTPClient: client, ConfigSources: []any{v},
		Credentials: aws.CredentialsProviderFunc(v.credentials),
	}
	if cfg.Region == "" {
		cfg.Region = getenv("AWS_DEFAULT_REGION")
	}
	if url := getenv("AWS_ENDPOINT_URL"); url != "" && !v.is("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
		cfg.BaseEndpoint = &url
	}
	return Prepared(cfg, 0), nil
}

// bundle reads the certificates of authorities, in PEM.
func bundle(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("AWS_CA_BUNDLE cannot be read: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("AWS_CA_BUNDLE is %s, which has no certificates in PEM", file)
	}
	return roots, nil
}

// variables are the environment as the SDK's clients ask for it, by the names of methods.
type variables struct{ getenv func(name string) string }

// is reports whether a variable is true.
func (v variables) is(name string) bool {
	set, err := strconv.ParseBool(v.getenv(name))
	return err == nil && set
}

var errNoVariables = errors.New("there are no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")

// credentials returns those of the function's role.
func (v variables) credentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{
		AccessKeyID: v.getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: v.getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: v.getenv("AWS_SESSION_TOKEN"),
		Source: "Environment",
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return aws.Credentials{}, errNoVariables
	}
	return c, nil
}

// GetServiceBaseEndpoint returns the endpoint of one service.
func (v variables) GetServiceBaseEndpoint(_ context.Context, id string) (string, bool, error) {
	url := v.getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(id, " ", "_")))
	return url, url != "", nil
}

// GetIgnoreConfiguredEndpoints reports whether endpoints of the environment do not count.
func (v variables) GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error) {
	ignore := v.is("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
	return ignore, ignore, nil
}

// GetUseFIPSEndpoint says whether to use the hosts for FIPS.
func (v variables) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	if v.is("AWS_USE_FIPS_ENDPOINT") {
		return aws.FIPSEndpointStateEnabled, true, nil
	}
	return aws.FIPSEndpointStateUnset, false, nil
}

// GetUseDualStackEndpoint says whether to use the hosts that answer by IPv6 too.
func (v variables) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	if v.is("AWS_USE_DUALSTACK_ENDPOINT") {
		return aws.DualStackEndpointStateEnabled, true, nil
	}
	return aws.DualStackEndpointStateUnset, false, nil
}
