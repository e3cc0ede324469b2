// Package setup looks at the web servers of targets of type http for the commands.
package setup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"fanout/internal/awshttp"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/account"
	sink "fanout/sinks/http"
)

// Type describes targets that are URLs, for the commands.
var Type = &account.Type{
	For:      sink.Type,
	What:     "server",
	IsFull:   account.IsARNOrURL,
	Inspect:  inspect,
	Endpoint: endpoint,
	Prices:   prices, Latencies: latencies,
}

// endpoint returns the host: a public one has no VPC endpoint, and a private one needs none.
func endpoint(s *sinks.Spec) string {
	host := awsname.WithoutPort(s.Destination.Host)
	if awsname.IsAWSHost(host) && strings.Contains(host, ".execute-api.") {
		return "execute-api"
	}
	if addr, err := netip.ParseAddr(host); err == nil && sink.Inside(addr) {
		return ""
	}
	return s.Destination.Host
}

// dialTime bounds the connection to a server, with its handshake.
const dialTime = 5 * time.Second

// inspect reads the secret of a target, and connects to its server. It sends no request,
// because a server would take any as a record.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	if s.Secret != "" {
		state, err := inspectSecret(ctx, cfg, s)
		if err != nil || state.Fault != "" {
			return state, err
		}
	}
	u, err := url.Parse(s.Destination.URL())
	if err != nil {
		return account.State{}, errors.New("the destination is not a URL")
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	to, err := connect(ctx, u, awshttp.Roots(cfg.HTTPClient))
	if invalid, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return account.State{
			Fault: fmt.Sprintf("the certificate of %s is not trusted: %v", s.Destination.Host, invalid.Err),
			Do:    "give the server a certificate of a public authority for its name, or name a file with yours in AWS_CA_BUNDLE, here and for the function",
		}, nil
	}
	switch {
	case err != nil:
		return account.State{Unseen: s.Destination.Host + " does not answer from here, but may answer in the function's network"}, nil
	case sink.Inside(to):
		return account.State{Inside: fmt.Sprintf("%s is at %v, inside a network", s.Destination.Host, to)}, nil
	}
	return account.State{}, nil
}

// connect connects to the server of a URL, with TLS if its scheme is https. Certificates are
// those of roots; nil: those of the system. It returns the server's address.
func connect(ctx context.Context, u *url.URL, roots *x509.CertPool) (netip.Addr, error) {
	port, dial := "80", new(net.Dialer).DialContext
	if u.Scheme == "https" {
		port = "443"
		dial = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}).DialContext
	}
	if u.Port() != "" {
		port = u.Port()
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return netip.Addr{}, err
	}
	defer func() { _ = conn.Close() }() // nothing was sent
	to, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	return to.Addr(), err
}

// inspectSecret checks that the secret of a target can be read, and has the form that its
// auth needs.
func inspectSecret(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	if a, err := arn.Parse(s.Secret); err == nil && a.Region != "" {
		cfg.Region = a.Region
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.Secret})
	if err != nil {
		return account.State{}, account.Found("secret", s.Secret, err)
	}
	if _, err := sink.ParseSecret(s.Auth, aws.ToString(out.SecretString)); err != nil {
		return account.State{Fault: fmt.Sprintf("the secret %s cannot be used: %v", s.Secret, err), Do: "correct the secret; the function reads it again within five minutes"}, nil
	}
	return account.State{}, nil
}
