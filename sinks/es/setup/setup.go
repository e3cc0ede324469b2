// Package setup looks at domains of OpenSearch Service for the commands.
package setup

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"

	"fanout/sinks"
	"fanout/sinks/account"
	"fanout/sinks/es"
)

// Type describes targets that are indexes, for the commands.
var Type = &account.Type{
	For:    es.Type,
	What:   "domain",
	IsFull: func(text string) bool { return strings.Contains(text, "#") || strings.Contains(text, "://") },
	Part: &account.Part{
		Flag: "index", Usage: "the `INDEX` to write to; for es, with the name of a domain as --destination", Of: "domain",
		Join: withIndex,
	},
	LookUp:   lookUp,
	Inspect:  inspect,
	Endpoint: endpoint,
	Prices:   prices, Latencies: latencies,
}

func withIndex(domain, index string) string {
	if index == "" || strings.Contains(domain, "#") {
		return domain
	}
	return domain + "#" + index
}

func lookUp(ctx context.Context, cfg aws.Config, name, index string) (string, error) {
	if index == "" {
		return "", fmt.Errorf("the domain %q needs an index to write to; add --index", name)
	}
	out, err := opensearch.NewFromConfig(cfg).DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
	if err != nil {
		return "", account.Found("search domain", name, err)
	}
	host := aws.ToString(out.DomainStatus.Endpoint)
	if host == "" {
		host = out.DomainStatus.Endpoints["vpc"]
	}
	if host == "" {
		return "", fmt.Errorf("the search domain %q has no endpoint yet; wait until it is active", name)
	}
	return withIndex(host, index), nil
}

// inspect looks at a domain of OpenSearch Service. Only the function can check a collection
// of OpenSearch Serverless or any other server.
func inspect(ctx context.Context, cfg aws.Config, s *sinks.Spec) (account.State, error) {
	name, inside := es.Domain(&s.Destination)
	if !es.IsDomain(&s.Destination) || name == "" {
		return account.State{Unseen: s.Destination.Host + " is not a domain of OpenSearch Service"}, nil
	}
	out, err := opensearch.NewFromConfig(cfg).DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
	state := account.State{Name: name}
	switch {
	case err != nil:
		return state, err
	case aws.ToBool(out.DomainStatus.Deleted):
		state.Fault, state.Flags = fmt.Sprintf("the domain %s is being deleted", name), []string{"--destination", "NAME", "--index", "INDEX"}
	case !aws.ToBool(out.DomainStatus.Created):
		state.Fault, state.Do = fmt.Sprintf("the domain %s is still being created", name), "wait until it is active"
	default:
		state.InVPC = inside
	}
	return state, nil
}

// endpoint returns the host: a domain inside the VPC needs no endpoint, and any other has
// no endpoint to serve it.
func endpoint(s *sinks.Spec) string {
	if _, inside := es.Domain(&s.Destination); inside {
		return ""
	}
	return s.Destination.Host
}
