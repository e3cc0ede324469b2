package es

import (
	"fmt"
	"net/url"
	"strings"

	"fanout/internal/jq"
	"fanout/sinks"
)

// rights allows writing to an index. OpenSearch Service checks the path of a request,
// below the domain (OpenSearch Service guide, Identity and Access Management). OpenSearch
// Serverless leaves that to the collection's data access policy (its guide, Identity and
// Access Management, Using data plane policies).
func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	d := &s.Destination
	switch d.Signing {
	case "es":
		domain, ok := signedDomain(d)
		u, err := url.Parse(d.URL())
		if !ok || err != nil {
			return nil, fmt.Errorf("the destination %.200q does not include the name of its domain, which the policy needs; write the endpoint from the domain's details", d)
		}
		path := u.JoinPath(url.PathEscape(d.Index), "_bulk").EscapedPath()
		if jq.IsTemplate(d.Index) { // the index is in the body of the request
			path = u.JoinPath("_bulk").EscapedPath()
		}
		resource := "domain/" + domain + "/" + sinks.Literal(strings.TrimPrefix(path, "/"))
		return []sinks.Right{{Sid: "SendToOpenSearch", Actions: []string{"es:ESHttpPost"}, Resource: at.ARN(s, "es", resource)}}, nil
	case "aoss":
		collection, _, _ := strings.Cut(d.Host, ".")
		return []sinks.Right{{Sid: "SendToOpenSearchServerless", Actions: []string{"aoss:APIAccessAll"}, Resource: at.ARN(s, "aoss", "collection/"+collection)}}, nil
	}
	return nil, nil // an unsigned request carries no credentials
}

// signedDomain returns the name of the domain that requests are signed for. Endpoints of
// the service itself name no domain. A custom endpoint does not reveal its domain, so it
// may be any.
func signedDomain(d *sinks.Destination) (string, bool) {
	if IsCustom(d) {
		return "*", true
	}
	name, _ := Domain(d)
	return name, name != "es" && name != "aos"
}

// Domain returns the name in an endpoint like search-NAME-ID.eu-west-1.es.amazonaws.com,
// where ID has no hyphen, and whether it is inside a VPC: vpc-NAME-ID. Test servers in
// place of AWS leave out both the prefix and the ID.
func Domain(d *sinks.Destination) (name string, inside bool) {
	label, _, _ := strings.Cut(d.Host, ".")
	for _, prefix := range []string{"search-", "vpc-"} {
		name, found := strings.CutPrefix(label, prefix)
		if i := strings.LastIndexByte(name, '-'); found && i > 0 {
			return name[:i], prefix == "vpc-"
		}
	}
	return label, false
}
