package http

import (
	"net/netip"
	"net/url"
	"strings"

	"fanout/engine"
	"fanout/internal/awshttp"
	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are URLs of web servers.
var Type = &sinks.Type{
	Name:        "http",
	Synonyms:    []string{"https", "webhook", "url", "rest", "apigateway"},
	Destination: "https:// URL",
	Form:        `^https?://[^/?#@]+([/?].*)?$`,
	Examples:    []string{"https://hooks.example.com/orders", "https://abc123.execute-api.eu-west-1.amazonaws.com/prod/orders"},
	Parse:       Parse,
	Check:       check,
	Open:        open,
	Rights:      rights,

	MaxMessages: 1, MaxBatchBytes: maxBytes, MaxRecordBytes: maxBytes,
	Traits: sinks.Traits{HTTP: true, OwnClient: true, Collapse: true, Compress: true, Prefix: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	o := Options{
		Headers: s.Headers, Auth: s.Auth, Collapse: s.Collapse, Envelope: s.Envelope, Compress: s.Compress,
		RateLimit: s.RateLimit, InFlight: s.InFlight,
		Private: env.PrivateHosts(), Insecure: !env.VerifyTLS(),
	}
	if e, ok := env.(awsenv.Env); ok {
		o.Roots = awshttp.Roots(e.AWS(s).HTTPClient) // AWS_CA_BUNDLE
	}
	if s.Secret != "" {
		o.Secret = env.Secret(s.Secret, func(text string) error {
			_, err := ParseSecret(s.Auth, text)
			return err
		})
	}
	if s.Auth == sinks.AuthSigV4 {
		cfg, err := awsenv.Config(env, s)
		if err != nil {
			return nil, err
		}
		o.Signing, o.Region, o.Credentials = s.Destination.Signing, cfg.Region, cfg.Credentials
	}
	return New(s.Destination.URL(), o, sinks.RecordBytes(s.MaxRecordBytes), sinks.Source(s.SourceARN))
}

// check makes the checks of this type.
func check(s *sinks.Spec, f sinks.Findings) {
	if _, err := parseHeaders(s.Headers); err != nil && !f.HasFault("headers") {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			f.Fault("headers", "%s", line)
		}
	}
	if !f.HasFault("destination") {
		checkAddress(s, f)
	}
	if !f.HasFault("auth") {
		checkAuth(s, f)
	}
}

// checkAddress warns of a URL whose records others can read, or that the function refuses.
func checkAddress(s *sinks.Spec, f sinks.Findings) {
	u, err := url.Parse(s.Destination.URL())
	if err != nil {
		return // Parse accepted it
	}
	addr, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	if u.Scheme != "https" && !local {
		f.Warn("destination", "is not encrypted, so anyone on the way can read the records and the credentials; write https://")
	}
	if local || err == nil && Inside(addr) {
		f.Warn("destination", "is an address inside a network, which the function refuses unless FANOUT_HTTP_PRIVATE is allow; fanout run takes it")
	}
}

// checkAuth checks the attributes for one auth.
func checkAuth(s *sinks.Spec, f sinks.Findings) {
	form, ok := formOf(s.Auth)
	switch {
	case !ok:
		if s.Secret != "" {
			f.Warn("secret", "has no effect without auth bearer, basic, oauth2 or hmac")
			s.Secret = ""
		}
	case s.Secret == "":
		f.Fault("secret", "is missing: auth %s reads %s from a secret of Secrets Manager; write its ARN", s.Auth, form.want)
	}
	if s.Auth == sinks.AuthHMAC && s.Compress != "" && s.Compress != "none" {
		f.Warn("compress", "the signature is that of the compressed body, so the receiver must verify it before it decompresses")
	}
	if s.Auth != sinks.AuthSigV4 {
		for _, a := range []struct{ name, value string }{{"role", s.Role}, {"region", s.Region}} {
			if a.value != "" && !f.HasFault(a.name) {
				f.Warn(a.name, "has no effect without auth sigv4")
			}
		}
		s.Role, s.ExternalID, s.Region, s.Destination.Signing = "", "", "", ""
		return
	}
	s.Destination.Signing, s.Destination.Region = signingOf(awsname.WithoutPort(s.Destination.Host))
	if s.Destination.Signing == "" {
		f.Fault("auth", "is sigv4, which works on API Gateway and on URLs of functions; write another auth, or remove it")
	}
	if there := s.Destination.Region; there != "" {
		if s.Region != "" && s.Region != there && !f.HasFault("region") {
			f.Warn("region", "is %s, but the destination is in %s, which takes precedence", s.Region, there)
		}
		s.Region = there
	}
}
